#include "support/solver_cases.hpp"

#include <cstdlib>
#include <sstream>

#include "support/golden.hpp"

namespace golden {

namespace {

/// A JSON text from its start to its end, a token at a time.
class json_reader {
  public:
    explicit json_reader(const std::string& text) : text_(text) {}

    /// The next character that is no space, which is taken only where it is this one.
    bool takes(char expected) {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
        if (at_ >= text_.size() || text_[at_] != expected) return false;
        ++at_;
        return true;
    }

    void expect(char expected) {
        if (!takes(expected)) fail(std::string("expected ") + expected + " in JSON " + text_);
    }

    /// What stands before any of these characters.
    std::string until(const char* ends) {
        const std::size_t end = text_.find_first_of(ends, at_);
        if (end == std::string::npos) fail("unfinished JSON " + text_);
        const std::string part = text_.substr(at_, end - at_);
        at_ = end;
        return part;
    }

    std::string string() {
        expect('"');
        const std::string value = until("\"");
        expect('"');
        return value;
    }

    std::string value() {
        if (takes('"')) {
            --at_;
            return '"' + string();
        }
        if (!takes('[')) return until(",}\n ");
        const std::string inner = until("]");
        expect(']');
        return '[' + inner + ']';
    }

  private:
    const std::string& text_;
    std::size_t at_ = 0;
};

/// Numbers with anything that is no part of one between them.
std::vector<double> numbers_in(std::string text) {
    for (char& c : text)
        if (c == ',' || c == '[' || c == ']') c = ' ';
    std::istringstream stream(text);
    std::vector<double> numbers;
    for (std::string word; stream >> word;) {
        char* end = nullptr;
        numbers.push_back(std::strtod(word.c_str(), &end));
        if (*end != '\0') fail("no number: " + word);
    }
    return numbers;
}

} // namespace

json_object::json_object(const std::string& text) {
    json_reader reader(text);
    reader.expect('{');
    if (reader.takes('}')) return;
    do {
        const std::string key = reader.string();
        reader.expect(':');
        if (reader.takes('{')) fail("nested JSON " + text);
        const std::string value = reader.value();
        if (value != "null") values_[key] = value;
    } while (reader.takes(','));
    reader.expect('}');
}

bool json_object::flag(const std::string& key, bool missing) const {
    if (!has(key)) return missing;
    const std::string& value = values_.at(key);
    if (value != "true" && value != "false") fail(key + " is no boolean: " + value);
    return value == "true";
}

double json_object::number(const std::string& key, double missing) const {
    if (!has(key)) return missing;
    const std::string& value = values_.at(key);
    // diffusers writes an infinite lambda_min_clipped as a string.
    const std::vector<double> numbers = numbers_in(value[0] == '"' ? value.substr(1) : value);
    if (numbers.size() != 1 || value[0] == '[') fail(key + " is no number: " + value);
    return numbers[0];
}

int json_object::integer(const std::string& key, int missing) const { return static_cast<int>(number(key, missing)); }

std::string json_object::text(const std::string& key, const std::string& missing) const {
    if (!has(key)) return missing;
    const std::string& value = values_.at(key);
    if (value[0] != '"') fail(key + " is no string: " + value);
    return value.substr(1);
}

std::vector<double> json_object::list(const std::string& key) const {
    if (!has(key)) return {};
    const std::string& value = values_.at(key);
    if (value[0] != '[') fail(key + " is no list: " + value);
    return numbers_in(value);
}

std::vector<float> solver_case::final() const {
    std::vector<float> result = read_floats("solvers/" + name + ".final.npy");
    if (result.size() != values) fail(name + ".final.npy has another size");
    return result;
}

std::vector<solver_case> read_solver_cases() {
    const csv_table table = read_csv("solvers/cases.csv");
    std::vector<solver_case> cases(table.size());
    for (std::size_t row = 0; row < table.size(); ++row) {
        solver_case& each = cases[row];
        each.name = table.text(row, "name");
        each.scheduler = table.text(row, "cls");
        each.config = json_object(read_text("solvers/" + each.name + ".json"));
        each.step = json_object(table.text(row, "step"));
        each.set = json_object(table.text(row, "set"));
        each.steps = table.integer(row, "S");
        each.calls = table.integer(row, "calls");
        each.noise_calls = table.text(row, "noise_calls");
        each.start_scale = table.number(row, "init");
        each.max_abs = table.number(row, "max_abs");
        each.err64 = table.number(row, "err64");
        each.timesteps = numbers_in(table.text(row, "timesteps"));
    }
    return cases;
}

} // namespace golden
