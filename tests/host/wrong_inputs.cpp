#include "host/wrong_inputs.hpp"

#include <doctest/doctest.h>

namespace test_support {

namespace {

using ddim::status;

alignas(ddim::arena_alignment) std::byte spare_arena[8192];

struct wrong_lending {
    const lent_buffer* buffer;
    std::string what;
    status expected;
    ddim::span<const float> lent;
};

/// The ways to lend one buffer wrongly, as configs.
std::vector<wrong_lending> lendings_of(const std::vector<lent_buffer>& buffers) {
    std::vector<wrong_lending> all;
    for (const lent_buffer& buffer : buffers) {
        const float* values = spare_values;
        all.push_back({&buffer, "misaligned by 1", buffer.misaligned, {off_by_one(values), buffer.size}});
        all.push_back({&buffer, "one value short", buffer.too_small, {values, buffer.size - 1}});
        all.push_back({&buffer, "of size 0", buffer.too_small, {values, 0}});
        const float* in_arena = reinterpret_cast<const float*>(spare_arena) + 100;
        all.push_back({&buffer, "inside the arena", status::buffers_overlap, {in_arena, buffer.size}});
    }
    return all;
}

/// A lent buffer that is x itself: fine for init, refused by begin.
status run_on_lent(const lent_buffer& buffer, scripted_run& run) {
    static float shared[64];
    buffer.lend(run.config, {shared, buffer.size});
    REQUIRE(run.init() == status::ok);
    return run.sampler.run({shared + buffer.size - 1, 10}, 7); // one value in common
}

void check_refused(const std::string& what, status expected, const ddim::sampler_config& config, scripted_run& run) {
    CAPTURE(what);
    CHECK(run.sampler.init(config) == expected);
    CHECK(run.record.events.empty());
    CHECK(run.arena.is_untouched());
    CHECK(run.run() == status::not_initialised);
    CHECK(run.init() == status::ok);
    CHECK(run.run() == status::ok);
    CHECK(run.arena.guards_are_intact());
}

} // namespace

status before_init(call_on call) {
    scripted_run run;
    return call(run);
}

status before_begin(call_on call) {
    scripted_run run;
    REQUIRE(run.init() == status::ok);
    return call(run);
}

status within_run(call_on call) {
    scripted_run run;
    REQUIRE(run.init() == status::ok);
    REQUIRE(run.sampler.begin({run.x.data(), run.x.size()}, 7) == status::ok);
    return call(run);
}

status after_run(call_on call) {
    scripted_run run;
    REQUIRE(run.init() == status::ok);
    REQUIRE(run.run() == status::ok);
    return call(run);
}

status after_failure(call_on call) {
    scripted_run run;
    run.record.fails_in = 'm';
    run.record.fails_at = 1;
    run.record.code = 3;
    REQUIRE(run.init() == status::ok);
    REQUIRE(run.run() == status::model_failed);
    return call(run);
}

status after_giving_up(call_on call) {
    scripted_run run;
    REQUIRE(run.init() == status::ok);
    REQUIRE(run.sampler.begin({run.x.data(), run.x.size()}, 7) == status::ok);
    REQUIRE(run.sampler.set_guidance_scale(1.0f) == status::ok);
    return call(run);
}

void check_configs(const std::vector<wrong_config>& configs) {
    for (const wrong_config& wrong : configs) {
        scripted_run run;
        ddim::sampler_config config = run.config;
        wrong.spoil(config);
        check_refused(wrong.what, wrong.expected, config, run);
    }
}

void check_buffers(const std::vector<lent_buffer>& buffers) {
    for (const wrong_lending& wrong : lendings_of(buffers)) {
        CAPTURE(wrong.buffer->what);
        scripted_run run;
        ddim::sampler_config config = run.config;
        if (wrong.expected == status::buffers_overlap) config.arena = spare_arena;
        wrong.buffer->lend(config, wrong.lent);
        check_refused(wrong.what, wrong.expected, config, run);
    }
    for (const lent_buffer& buffer : buffers) {
        CAPTURE(buffer.what);
        scripted_run run;
        CHECK(run_on_lent(buffer, run) == status::buffers_overlap);
        CHECK(run.record.events.empty());
        CHECK(run.arena.is_untouched());
        CHECK(run.run() == status::ok); // on x of its own
        CHECK(run.arena.guards_are_intact());
    }
}

void check_states(const std::vector<wrong_state>& states) {
    for (const wrong_state& wrong : states) {
        CAPTURE(wrong.what);
        scripted_run run;
        REQUIRE(run.init() == status::ok);
        const std::vector<float> before = run.x;
        CHECK(run.sampler.run(wrong.spoil(run), 7) == wrong.expected);
        CHECK(run.record.events.empty());
        CHECK(run.x == before);
        CHECK(run.arena.is_untouched());
        CHECK(run.run() == status::ok);
    }
}

void check_uses(const std::vector<wrong_use>& uses) {
    for (const wrong_use& wrong : uses) {
        CAPTURE(wrong.what);
        CHECK(wrong.use() == wrong.expected);
    }
}

std::vector<status> statuses_of(const wrong_inputs& inputs) {
    std::vector<status> said;
    for (const wrong_config& wrong : inputs.configs) {
        scripted_run run;
        wrong.spoil(run.config);
        said.push_back(run.init());
    }
    for (const wrong_lending& wrong : lendings_of(inputs.buffers)) {
        scripted_run run;
        wrong.buffer->lend(run.config, wrong.lent);
        said.push_back(run.init());
    }
    for (const wrong_state& wrong : inputs.states) {
        scripted_run run;
        REQUIRE(run.init() == status::ok);
        said.push_back(run.sampler.run(wrong.spoil(run), 7));
    }
    for (const wrong_use& wrong : inputs.uses) said.push_back(wrong.use());
    return said;
}

} // namespace test_support
