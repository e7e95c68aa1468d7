# Configs that ddim-plan.cmake takes, and the options of ddim_trace that it makes of them.
#   cmake -DSCRIPT=FILE -DBUILD=FOLDER -P plan_lines.cmake
cmake_minimum_required(VERSION 3.22)
include("${CMAKE_CURRENT_LIST_DIR}/plan_script.cmake")

# Sets `line` to what the script says of `text`; ARGN goes to it.
function(line_of text)
    run_plan_script("${text}" ${ARGN})
    if(NOT code EQUAL 0 OR NOT err STREQUAL "" OR NOT out MATCHES "^--[^\n]+\n$")
        message(SEND_ERROR "${text} ${ARGN}: exit status ${code}, stdout '${out}', stderr '${err}'")
    endif()
    string(STRIP "${out}" line)
    string(REPLACE " 0.00084999999999999995" " 0.00085" line "${line}") # string(JSON) writes 17 digits
    set(line "${line}" PARENT_SCOPE)
endfunction()

# `expected` may be written in several lines.
function(gives expected text)
    string(REGEX REPLACE "[ \n]+" " " expected "${expected}")
    line_of("${text}" ${ARGN})
    if(NOT line STREQUAL expected)
        message(SEND_ERROR "${text} ${ARGN}:\n${line}\nnot\n${expected}")
    endif()
endfunction()

function(same text other)
    line_of("${text}" ${ARGN})
    set(first "${line}")
    line_of("${other}" ${ARGN})
    if(NOT line STREQUAL first)
        message(SEND_ERROR "${text}:\n${first}\n${other}:\n${line}")
    endif()
endfunction()

# --- what diffusers 0.42 saves of a scheduler that was told nothing is what a missing field means
function(full_config_is_empty_config class fields)
    set(head "\"_class_name\": \"${class}\"")
    if(class STREQUAL "PNDMScheduler")
        string(APPEND head ", \"skip_prk_steps\": true")
    endif()
    same("{${head}, \"_diffusers_version\": \"0.42.1\", ${fields}}" "{${head}}" -DSTEPS=9)
endfunction()
full_config_is_empty_config(DDIMScheduler
    [=["beta_end": 0.02, "beta_schedule": "linear", "beta_start": 0.0001, "clip_sample": true, "clip_sample_range":
    1.0, "dynamic_thresholding_ratio": 0.995, "num_train_timesteps": 1000, "prediction_type": "epsilon",
    "rescale_betas_zero_snr": false, "sample_max_value": 1.0, "set_alpha_to_one": true, "steps_offset": 0,
    "thresholding": false, "timestep_spacing": "leading", "trained_betas": null]=])
full_config_is_empty_config(DDIMInverseScheduler
    [=["beta_end": 0.02, "beta_schedule": "linear", "beta_start": 0.0001, "clip_sample": true, "clip_sample_range":
    1.0, "num_train_timesteps": 1000, "prediction_type": "epsilon", "rescale_betas_zero_snr": false,
    "set_alpha_to_one": true, "steps_offset": 0, "timestep_spacing": "leading", "trained_betas": null]=])
full_config_is_empty_config(CogVideoXDDIMScheduler
    [=["beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085, "clip_sample": true,
    "clip_sample_range": 1.0, "num_train_timesteps": 1000, "prediction_type": "epsilon", "rescale_betas_zero_snr":
    false, "sample_max_value": 1.0, "set_alpha_to_one": true, "snr_shift_scale": 3.0, "steps_offset": 0,
    "timestep_spacing": "leading", "trained_betas": null]=])
full_config_is_empty_config(DDPMScheduler
    [=["beta_end": 0.02, "beta_schedule": "linear", "beta_start": 0.0001, "clip_sample": true, "clip_sample_range":
    1.0, "dynamic_thresholding_ratio": 0.995, "num_train_timesteps": 1000, "prediction_type": "epsilon",
    "rescale_betas_zero_snr": false, "sample_max_value": 1.0, "steps_offset": 0, "thresholding": false,
    "timestep_spacing": "leading", "trained_betas": null, "variance_type": "fixed_small"]=])
full_config_is_empty_config(PNDMScheduler
    [=["beta_end": 0.02, "beta_schedule": "linear", "beta_start": 0.0001, "num_train_timesteps": 1000,
    "prediction_type": "epsilon", "set_alpha_to_one": false, "steps_offset": 0, "timestep_spacing": "leading",
    "trained_betas": null]=])
full_config_is_empty_config(EulerDiscreteScheduler
    [=["beta_end": 0.02, "beta_schedule": "linear", "beta_start": 0.0001, "final_sigmas_type": "zero",
    "interpolation_type": "linear", "num_train_timesteps": 1000, "prediction_type": "epsilon",
    "rescale_betas_zero_snr": false, "sigma_max": null, "sigma_min": null, "steps_offset": 0, "timestep_spacing":
    "linspace", "timestep_type": "discrete", "trained_betas": null, "use_beta_sigmas": false,
    "use_exponential_sigmas": false, "use_karras_sigmas": false]=])
full_config_is_empty_config(EulerAncestralDiscreteScheduler
    [=["beta_end": 0.02, "beta_schedule": "linear", "beta_start": 0.0001, "num_train_timesteps": 1000,
    "prediction_type": "epsilon", "rescale_betas_zero_snr": false, "steps_offset": 0, "timestep_spacing":
    "linspace", "trained_betas": null]=])
full_config_is_empty_config(HeunDiscreteScheduler
    [=["beta_end": 0.012, "beta_schedule": "linear", "beta_start": 0.00085, "clip_sample": false, "clip_sample_range":
    1.0, "num_train_timesteps": 1000, "prediction_type": "epsilon", "steps_offset": 0, "timestep_spacing":
    "linspace", "trained_betas": null, "use_beta_sigmas": false, "use_exponential_sigmas": false,
    "use_karras_sigmas": false]=])
full_config_is_empty_config(DPMSolverMultistepScheduler
    [=["algorithm_type": "dpmsolver++", "beta_end": 0.02, "beta_schedule": "linear", "beta_start": 0.0001,
    "dynamic_thresholding_ratio": 0.995, "euler_at_final": false, "final_sigmas_type": "zero", "flow_shift": 1.0,
    "lambda_min_clipped": -Infinity, "lower_order_final": true, "num_train_timesteps": 1000, "prediction_type":
    "epsilon", "rescale_betas_zero_snr": false, "sample_max_value": 1.0, "solver_order": 2, "solver_type":
    "midpoint", "steps_offset": 0, "thresholding": false, "time_shift_type": "exponential", "timestep_spacing":
    "linspace", "trained_betas": null, "use_beta_sigmas": false, "use_dynamic_shifting": false,
    "use_exponential_sigmas": false, "use_flow_sigmas": false, "use_karras_sigmas": false, "use_lu_lambdas": false,
    "variance_type": null]=])
full_config_is_empty_config(UniPCMultistepScheduler
    [=["beta_end": 0.02, "beta_schedule": "linear", "beta_start": 0.0001, "disable_corrector": [],
    "dynamic_thresholding_ratio": 0.995, "final_sigmas_type": "zero", "flow_shift": 1.0, "lower_order_final": true,
    "num_train_timesteps": 1000, "predict_x0": true, "prediction_type": "epsilon", "rescale_betas_zero_snr": false,
    "sample_max_value": 1.0, "shift_terminal": null, "sigma_max": null, "sigma_min": null, "solver_order": 2,
    "solver_p": null, "solver_type": "bh2", "steps_offset": 0, "thresholding": false, "time_shift_type":
    "exponential", "timestep_spacing": "linspace", "trained_betas": null, "use_beta_sigmas": false,
    "use_dynamic_shifting": false, "use_exponential_sigmas": false, "use_flow_sigmas": false, "use_karras_sigmas":
    false]=])
full_config_is_empty_config(LCMScheduler
    [=["beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085, "clip_sample": false,
    "clip_sample_range": 1.0, "dynamic_thresholding_ratio": 0.995, "num_train_timesteps": 1000,
    "original_inference_steps": 50, "prediction_type": "epsilon", "rescale_betas_zero_snr": false,
    "sample_max_value": 1.0, "set_alpha_to_one": true, "steps_offset": 0, "thresholding": false, "timestep_scaling":
    10.0, "timestep_spacing": "leading", "trained_betas": null]=])
full_config_is_empty_config(TCDScheduler
    [=["beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085, "clip_sample": false,
    "clip_sample_range": 1.0, "dynamic_thresholding_ratio": 0.995, "num_train_timesteps": 1000,
    "original_inference_steps": 50, "prediction_type": "epsilon", "rescale_betas_zero_snr": false,
    "sample_max_value": 1.0, "set_alpha_to_one": true, "steps_offset": 0, "thresholding": false, "timestep_scaling":
    10.0, "timestep_spacing": "leading", "trained_betas": null]=])
full_config_is_empty_config(FlowMatchEulerDiscreteScheduler
    [=["base_image_seq_len": 256, "base_shift": 0.5, "invert_sigmas": false, "max_image_seq_len": 4096, "max_shift":
    1.15, "num_train_timesteps": 1000, "shift": 1.0, "shift_terminal": null, "stochastic_sampling": false,
    "time_shift_type": "exponential", "use_beta_sigmas": false, "use_dynamic_shifting": false,
    "use_exponential_sigmas": false, "use_karras_sigmas": false]=])
full_config_is_empty_config(EDMEulerScheduler
    [=["final_sigmas_type": "zero", "num_train_timesteps": 1000, "prediction_type": "epsilon", "rho": 7.0,
    "sigma_data": 0.5, "sigma_max": 80.0, "sigma_min": 0.002, "sigma_schedule": "karras"]=])
full_config_is_empty_config(EDMDPMSolverMultistepScheduler
    [=["algorithm_type": "dpmsolver++", "dynamic_thresholding_ratio": 0.995, "euler_at_final": false,
    "final_sigmas_type": "zero", "lower_order_final": true, "num_train_timesteps": 1000, "prediction_type":
    "epsilon", "rho": 7.0, "sample_max_value": 1.0, "sigma_data": 0.5, "sigma_max": 80.0, "sigma_min": 0.002,
    "sigma_schedule": "karras", "solver_order": 2, "solver_type": "midpoint", "thresholding": false]=])

# --- what checkpoints ship
# Stable Diffusion 1.5
gives("--train-steps 1000 --schedule linear --beta-start 0.00085 --beta-end 0.012 --prediction
    epsilon --steps 20 --spacing leading --offset 1 --final-alpha first --solver pndm"
    [=[{"_class_name": "PNDMScheduler", "_diffusers_version": "0.6.0", "beta_end": 0.012, "beta_schedule":
    "scaled_linear", "beta_start": 0.00085, "clip_sample": false, "num_train_timesteps": 1000, "set_alpha_to_one":
    false, "skip_prk_steps": true, "steps_offset": 1, "trained_betas": null}]=] -DSTEPS=20)
# ... by its name in Flax
gives("--train-steps 1000 --schedule linear --beta-start 0.00085 --beta-end 0.012 --prediction
    epsilon --steps 20 --spacing leading --offset 1 --final-alpha first --solver pndm"
    [=[{"_class_name": "FlaxPNDMScheduler", "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start":
    0.00085, "skip_prk_steps": true, "steps_offset": 1}]=] -DSTEPS=20)
# ... and in another class's hands
gives("--prediction epsilon --train-steps 1000 --schedule linear --beta-start 0.00085 --beta-end
    0.012 --final-alpha one --steps 20 --spacing linspace --open-timesteps --solver dpm_solver --order 2
    --lower-order-final on"
    [=[{"_class_name": "PNDMScheduler", "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085,
    "clip_sample": false, "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1, "trained_betas":
    null}]=] -DSTEPS=20 -DSCHEDULER=DPMSolverMultistepScheduler)
# Stable Diffusion 2.1
gives("--train-steps 1000 --schedule linear --beta-start 0.00085 --beta-end 0.012 --prediction
    v_prediction --steps 50 --spacing leading --offset 1 --levels stride --final-alpha first --eta 0.5"
    [=[{"_class_name": "DDIMScheduler", "_diffusers_version": "0.8.0", "beta_end": 0.012, "beta_schedule":
    "scaled_linear", "beta_start": 0.00085, "clip_sample": false, "num_train_timesteps": 1000, "prediction_type":
    "v_prediction", "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1, "trained_betas": null}]=]
    -DSTEPS=50 -DETA=0.5)
# SDXL
gives("--train-steps 1000 --schedule linear --beta-start 0.00085 --beta-end 0.012 --prediction
    epsilon --final-alpha one --steps 30 --spacing leading --offset 1 --rederive-epsilon --eta 0"
    [=[{"_class_name": "EulerDiscreteScheduler", "_diffusers_version": "0.19.0.dev0", "beta_end": 0.012,
    "beta_schedule": "scaled_linear", "beta_start": 0.00085, "clip_sample": false, "interpolation_type": "linear",
    "num_train_timesteps": 1000, "prediction_type": "epsilon", "sample_max_value": 1.0, "set_alpha_to_one": false,
    "skip_prk_steps": true, "steps_offset": 1, "timestep_spacing": "leading", "trained_betas": null,
    "use_karras_sigmas": false}]=] -DSTEPS=30)
# Stable Video Diffusion
gives("--train-steps 1000 --schedule linear --beta-start 0.00085 --beta-end 0.012 --prediction
    v_prediction --final-alpha one --steps 25 --spacing leading --offset 1 --sigma-max 700.0 --sigma-min 0.002
    --levels karras --told-log-sigma --rederive-epsilon --eta 0"
    [=[{"_class_name": "EulerDiscreteScheduler", "_diffusers_version": "0.24.0.dev0", "beta_end": 0.012,
    "beta_schedule": "scaled_linear", "beta_start": 0.00085, "clip_sample": false, "interpolation_type": "linear",
    "num_train_timesteps": 1000, "prediction_type": "v_prediction", "set_alpha_to_one": false, "sigma_max": 700.0,
    "sigma_min": 0.002, "skip_prk_steps": true, "steps_offset": 1, "timestep_spacing": "leading", "timestep_type":
    "continuous", "trained_betas": null, "use_karras_sigmas": true}]=] -DSTEPS=25)
# Zero123++
gives("--train-steps 1000 --schedule sqrt_linear --beta-start 0.00085 --beta-end 0.012 --prediction
    v_prediction --final-alpha one --steps 36 --levels interpolated --start-scale sigma --rederive-epsilon --eta
    1"
    [=[{"_class_name": "EulerAncestralDiscreteScheduler", "_diffusers_version": "0.17.1", "beta_end": 0.012,
    "beta_schedule": "linear", "beta_start": 0.00085, "clip_sample": false, "num_train_timesteps": 1000,
    "prediction_type": "v_prediction", "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1,
    "trained_betas": null}]=] -DSTEPS=36)
# DDPM, CIFAR
gives("--train-steps 1000 --schedule sqrt_linear --beta-start 0.0001 --beta-end 0.02 --prediction epsilon --steps
    1000 --spacing leading --offset 0 --clip 1.0 --solver ddpm --ddpm-noise timestep_above_zero --v-posterior 1"
    [=[{"_class_name": "DDPMScheduler", "_diffusers_version": "0.1.1", "beta_end": 0.02, "beta_schedule": "linear",
    "beta_start": 0.0001, "clip_sample": true, "num_train_timesteps": 1000, "timestep_values": null,
    "trained_betas": null, "variance_type": "fixed_large"}]=] -DSTEPS=1000)
# PixArt
gives("--prediction epsilon --train-steps 1000 --schedule sqrt_linear --beta-start 0.0001 --beta-end 0.02
    --final-alpha one --steps 20 --spacing linspace --open-timesteps --solver dpm_solver --order 2
    --lower-order-final on"
    [=[{"_class_name": "DPMSolverMultistepScheduler", "_diffusers_version": "0.22.0.dev0", "algorithm_type":
    "dpmsolver++", "beta_end": 0.02, "beta_schedule": "linear", "beta_start": 0.0001,
    "dynamic_thresholding_ratio": 0.995, "euler_at_final": false, "lambda_min_clipped": -Infinity,
    "lower_order_final": true, "num_train_timesteps": 1000, "prediction_type": "epsilon", "sample_max_value": 1.0,
    "solver_order": 2, "solver_type": "midpoint", "steps_offset": 0, "thresholding": false, "timestep_spacing":
    "linspace", "trained_betas": null, "use_karras_sigmas": false, "use_lu_lambdas": false, "variance_type": null}]=]
    -DSTEPS=20)
# a robot's
gives("--prediction sample --train-steps 1000 --schedule cosine --beta-start 0.0001 --beta-end 0.02 --final-alpha
    one --steps 5 --spacing linspace --open-timesteps --lambda-min -5.0999999999999996 --solver dpm_solver
    --order 2 --lower-order-final on --sde"
    [=[{"_class_name": "DPMSolverMultistepScheduler", "beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped":
    -5.1, "prediction_type": "sample", "algorithm_type": "sde-dpmsolver++"}]=] -DSTEPS=5)
# CogVideoX
gives("--train-steps 1000 --schedule linear --beta-start 0.00085 --beta-end 0.012 --snr-shift 1.0
    --zero-terminal-snr --prediction v_prediction --steps 50 --spacing trailing --levels stride --final-alpha
    one --rederive-epsilon --eta 0.0"
    [=[{"_class_name": "CogVideoXDDIMScheduler", "_diffusers_version": "0.30.0.dev0", "beta_end": 0.012,
    "beta_schedule": "scaled_linear", "beta_start": 0.00085, "clip_sample": false, "clip_sample_range": 1.0,
    "num_train_timesteps": 1000, "prediction_type": "v_prediction", "rescale_betas_zero_snr": true,
    "sample_max_value": 1.0, "set_alpha_to_one": true, "snr_shift_scale": 1.0, "steps_offset": 0,
    "timestep_spacing": "trailing", "trained_betas": null}]=] -DSTEPS=50)
# LCM
gives("--train-steps 1000 --schedule linear --beta-start 0.00085 --beta-end 0.012 --prediction
    epsilon --steps 4 --spacing distilled --original-inference-steps 50 --solver lcm --timestep-scaling 10.0"
    [=[{"_class_name": "LCMScheduler", "_diffusers_version": "0.22.0.dev0", "beta_end": 0.012, "beta_schedule":
    "scaled_linear", "beta_start": 0.00085, "clip_sample": false, "clip_sample_range": 1.0,
    "dynamic_thresholding_ratio": 0.995, "num_train_timesteps": 1000, "original_inference_steps": 50,
    "prediction_type": "epsilon", "rescale_betas_zero_snr": false, "sample_max_value": 1.0, "set_alpha_to_one":
    true, "steps_offset": 0, "thresholding": false, "timestep_scaling": 10.0, "timestep_spacing": "leading",
    "trained_betas": null}]=] -DSTEPS=4)
# SD 3, HunyuanVideo
gives("--levels flow --flow-told-scale 1000 --flow-shift 3.0 --train-steps 1000 --flow-grid shifted_train_ends
    --steps 28 --prediction flow_prediction"
    [=[{"_class_name": "FlowMatchEulerDiscreteScheduler", "_diffusers_version": "0.29.0.dev0", "num_train_timesteps":
    1000, "shift": 3.0}]=] -DSTEPS=28)
# FLUX.1-dev
gives("--levels flow --flow-told-scale 1000 --flow-mu 1.15 --flow-sigmas 1.0,0.75,0.5,0.25 --prediction
    flow_prediction"
    [=[{"_class_name": "FlowMatchEulerDiscreteScheduler", "_diffusers_version": "0.30.0.dev0", "base_image_seq_len":
    256, "base_shift": 0.5, "max_image_seq_len": 4096, "max_shift": 1.15, "num_train_timesteps": 1000, "shift":
    3.0, "use_dynamic_shifting": true}]=] -DMU=1.15 -DSIGMAS=1.0~0.75~0.5~0.25)
# LTX
gives("--levels flow --flow-told-scale 1000 --flow-mu 2.05 --train-steps 1000 --flow-grid train_ends --steps 40
    --flow-terminal 0.10000000000000001 --prediction flow_prediction"
    [=[{"_class_name": "FlowMatchEulerDiscreteScheduler", "_diffusers_version": "0.32.0.dev0", "base_image_seq_len":
    1024, "base_shift": 0.95, "invert_sigmas": false, "max_image_seq_len": 4096, "max_shift": 2.05,
    "num_train_timesteps": 1000, "shift": 1.0, "shift_terminal": 0.1, "use_beta_sigmas": false,
    "use_dynamic_shifting": true, "use_exponential_sigmas": false, "use_karras_sigmas": false}]=] -DSTEPS=40 -DMU=2.05)
# Wan
gives("--prediction flow_prediction --steps 50 --levels flow --flow-told-scale 1000 --flow-told-whole --flow-shift
    3.0 --flow-last 0.001000000000000000000000 --flow-largest 0.999999 --solver unipc --order 2
    --lower-order-final on --unipc-variant bh2"
    [=[{"_class_name": "UniPCMultistepScheduler", "_diffusers_version": "0.33.0.dev0", "beta_end": 0.02,
    "beta_schedule": "linear", "beta_start": 0.0001, "disable_corrector": [], "dynamic_thresholding_ratio": 0.995,
    "final_sigmas_type": "zero", "flow_shift": 3.0, "lower_order_final": true, "num_train_timesteps": 1000,
    "predict_x0": true, "prediction_type": "flow_prediction", "rescale_betas_zero_snr": false, "sample_max_value":
    1.0, "solver_order": 2, "solver_p": null, "solver_type": "bh2", "steps_offset": 0, "thresholding": false,
    "timestep_spacing": "linspace", "trained_betas": null, "use_beta_sigmas": false, "use_exponential_sigmas":
    false, "use_flow_sigmas": true, "use_karras_sigmas": false}]=] -DSTEPS=50)
# Sana
gives("--prediction flow_prediction --steps 20 --levels flow --flow-told-scale 1000 --flow-told-whole --flow-shift
    3.0 --flow-first 0.999000000000000000000000 --solver dpm_solver --order 2 --lower-order-final on"
    [=[{"_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "dpmsolver++", "flow_shift": 3.0,
    "prediction_type": "flow_prediction", "use_flow_sigmas": true, "use_dynamic_shifting": false}]=] -DSTEPS=20)
# Playground 2.5
gives("--steps 50 --levels edm --prediction edm --sigma-max 80.0 --sigma-min 0.002 --sigma-data 0.5 --rho 7.0
    --solver dpm_solver --order 2 --lower-order-final on"
    [=[{"_class_name": "EDMDPMSolverMultistepScheduler", "_diffusers_version": "0.27.0.dev0", "algorithm_type":
    "dpmsolver++", "dynamic_thresholding_ratio": 0.995, "euler_at_final": false, "final_sigmas_type": "zero",
    "lower_order_final": true, "num_train_timesteps": 1000, "prediction_type": "epsilon", "rho": 7.0,
    "sample_max_value": 1.0, "sigma_data": 0.5, "sigma_max": 80.0, "sigma_min": 0.002, "solver_order": 2,
    "solver_type": "midpoint", "thresholding": false}]=] -DSTEPS=50)
# DeepFloyd
gives("--train-steps 1000 --schedule cosine --beta-start 0.0001 --beta-end 0.02 --prediction epsilon --steps 50
    --spacing leading --offset 0 --threshold 0.94999999999999996,1.5 --solver ddpm --ddpm-noise
    timestep_above_zero"
    [=[{"_class_name": "DDPMScheduler", "beta_schedule": "squaredcos_cap_v2", "thresholding": true,
    "dynamic_thresholding_ratio": 0.95, "sample_max_value": 1.5, "variance_type": "fixed_small"}]=]
    -DSTEPS=50 -DTHRESHOLD_HOOK=ON)
# an inversion
gives("--train-steps 1000 --schedule linear --beta-start 0.00085 --beta-end 0.012 --prediction
    epsilon --steps 50 --spacing leading --offset 1 --levels stride --final-alpha first --solver ddim_inverse"
    [=[{"_class_name": "DDIMInverseScheduler", "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start":
    0.00085, "clip_sample": false, "set_alpha_to_zero": false, "steps_offset": 1}]=] -DSTEPS=50)
# betas of its own
gives("--train-steps 4 --betas 0.10000000000000001,0.20000000000000001,0.29999999999999999,1.0 --prediction epsilon
    --steps 2 --spacing leading --offset 0 --levels stride --final-alpha one --rederive-epsilon --eta 0.0"
    [=[{"_class_name": "DDIMScheduler", "num_train_timesteps": 4, "trained_betas": [0.1, 0.2, 0.3, 1], "clip_sample":
    null}]=] -DSTEPS=2 -DCLIPPED_MODEL_OUTPUT=ON)
# LeRobot: diffusion
gives("--train-steps 100 --schedule cosine --beta-start 0.0001 --beta-end 0.02 --prediction epsilon --steps 100
    --spacing leading --offset 0 --clip 1.0 --solver ddpm --ddpm-noise timestep_above_zero"
    [=[{"type": "diffusion"}]=])
gives("--train-steps 50 --schedule cosine --beta-start 0.0001 --beta-end 0.02 --prediction sample --steps 10
    --spacing leading --offset 0 --levels stride --final-alpha one --clip 1.5 --eta 0.0"
    [=[{"type": "diffusion", "noise_scheduler_type": "DDIM", "num_inference_steps": 10, "beta_schedule":
    "squaredcos_cap_v2", "prediction_type": "sample", "clip_sample": true, "clip_sample_range": 1.5,
    "num_train_timesteps": 50}]=])
gives("--train-steps 100 --schedule cosine --beta-start 0.0001 --beta-end 0.02 --prediction epsilon --steps 16
    --spacing leading --offset 0 --levels stride --final-alpha one --clip 1.0 --eta 0.0"
    [=[{"noise_scheduler_type": "DDPM", "num_inference_steps": null}]=] -DSTEPS=16 -DSCHEDULER=DDIMScheduler)
# LeRobot: pi0
gives("--levels flow --steps 10 --prediction flow_prediction"
    [=[{"type": "pi0"}]=])
gives("--levels flow --steps 5 --prediction flow_prediction"
    [=[{"type": "pi0", "num_steps": 5}]=])
gives("--levels flow --steps 7 --prediction flow_prediction"
    [=[{"type": "pi05", "num_inference_steps": 7, "rtc_config": null}]=])
gives("--levels flow --steps 3 --prediction flow_prediction"
    [=[{"type": "smolvla", "num_steps": 12, "rtc_config": {"enabled": false}}]=] -DSTEPS=3)
# LeRobot: groot
gives("--levels flow --steps 4 --flow-told one_minus_sigma --flow-told-scale 1000 --flow-told-whole --prediction
    reversed_flow"
    [=[{"type": "groot"}]=])
gives("--levels flow --steps 8 --flow-told one_minus_sigma --flow-told-scale 500 --flow-told-whole --prediction
    reversed_flow"
    [=[{"type": "groot", "num_inference_timesteps": 8, "num_timestep_buckets": 500}]=])

# --- every field of LeRobot's policies that the sampler does not read
function(policy_takes policy)
    set(fields "")
    foreach(field IN LISTS ARGN of_every_policy)
        string(APPEND fields ", \"${field}\": [0.5, \"text\"]")
    endforeach()
    same("{\"type\": \"${policy}\"${fields}}" "{\"type\": \"${policy}\"}")
endfunction()
set(of_every_policy n_obs_steps input_features output_features normalization_mapping device use_amp use_peft
    push_to_hub repo_id private tags license pretrained_path pretrained_revision n_action_steps optimizer_lr
    optimizer_betas optimizer_eps optimizer_weight_decay)
policy_takes(diffusion
    horizon drop_n_last_frames vision_backbone resize_shape crop_ratio crop_shape crop_is_random
    pretrained_backbone_weights use_group_norm spatial_softmax_num_keypoints use_separate_rgb_encoder_per_camera
    down_dims kernel_size n_groups diffusion_step_embed_dim use_film_scale_modulation gradient_checkpointing
    compile_model compile_mode do_mask_loss_for_padding scheduler_name scheduler_warmup_steps)
foreach(policy pi0 pi05)
    policy_takes(${policy}
        paligemma_variant action_expert_variant dtype chunk_size max_state_dim max_action_dim time_sampling_beta_alpha
        time_sampling_beta_beta time_sampling_scale time_sampling_offset min_period max_period use_relative_actions
        relative_exclude_joints action_feature_names rtc_config image_resolution empty_cameras gradient_checkpointing
        compile_model compile_mode freeze_vision_encoder train_expert_only optimizer_grad_clip_norm optimizer_fused
        scheduler_warmup_steps scheduler_decay_steps scheduler_decay_lr tokenizer_max_length
        # of versions before 2026
        resize_imgs_with_padding adapt_to_pi_aloha use_delta_joint_actions_aloha proj_width use_cache
        attention_implementation train_state_proj)
endforeach()
policy_takes(smolvla
    chunk_size max_state_dim max_action_dim resize_imgs_with_padding empty_cameras adapt_to_pi_aloha
    use_delta_joint_actions_aloha tokenizer_max_length use_cache freeze_vision_encoder fine_tune_vision_encoder
    vision_encoder_lr_multiplier train_expert_only train_state_proj optimizer_grad_clip_norm scheduler_warmup_steps
    scheduler_decay_steps scheduler_decay_lr vlm_model_name load_vlm_weights add_image_special_tokens attention_mode
    prefix_length pad_language_to num_expert_layers num_vlm_layers self_attn_every_n_layers expert_width_multiplier
    min_period max_period rtc_config compile_model compile_mode)
policy_takes(groot
    chunk_size max_state_dim max_action_dim image_size model_version base_model_path n1_7_backbone_model
    action_decode_transform tokenizer_assets_repo embodiment_tag tune_llm tune_visual tune_projector
    tune_diffusion_model lora_rank lora_alpha lora_dropout lora_full_model warmup_ratio use_bf16 video_backend
    balance_dataset_weights balance_trajectory_weights dataset_paths output_dir save_steps max_steps batch_size
    dataloader_num_workers report_to resume)

# --- what changes nothing: a stranger's text in fields that are not read, in the options and in the header
include("${SCRIPT}")
function(header_of text result)
    foreach(argument eta mu sigmas scheduler clipped_model_output threshold_hook)
        set(${argument} "")
    endforeach()
    set(steps 9)
    set(f_thresholding ON) # a caller's own variable, which is no field of DDIMInverseScheduler
    file(WRITE "${BUILD}/config.json" "${text}")
    ddim_plan_make("${BUILD}/config.json" made words header)
    set(${result} "${header}" PARENT_SCOPE)
endfunction()
set(scheduler [["_class_name": "DDIMScheduler", "clip_sample": false]])
set(policy [["type": "pi0", "num_steps": 4]])
header_of("{${scheduler}}" scheduler_header)
if(NOT scheduler_header MATCHES "of DDIMScheduler, 9 steps.*said: +clip_sample OFF\n.*filled in: +[^\n]*beta_end 0.02,")
    message(SEND_ERROR "the header says\n${scheduler_header}")
endif()
header_of([[{"_class_name": "DDIMInverseScheduler"}]] header)
if(NOT header MATCHES "clip = 1.0;")
    message(SEND_ERROR "the header is\n${header}")
endif()
foreach(i RANGE 1 ${hostile_count})
    set(text "${hostile_${i}}")
    set(fields "${scheduler}, \"_name_or_path\": \"${text}\", \"solver_type\": \"${text}\"")
    string(APPEND fields ", \"sigma_max\": [\"${text}\"]")
    same("{${fields}}" "{${scheduler}}" -DSTEPS=9)
    header_of("{${fields}}" header)
    if(NOT header STREQUAL scheduler_header)
        message(SEND_ERROR "${fields}: the header is\n${header}")
    endif()
    same("{${policy}, \"${text}\": \"${text}\", \"tags\": [\"${text}\"]}" "{${policy}}")
endforeach()
