# What ddim-plan.cmake knows of schedulers, policies and their fields. The one place for a new field.

# Each scheduler's fields, with what a missing one means (its __init__ in diffusers 0.42).
set(ddim_plan_schedule num_train_timesteps=1000 beta_start=0.0001 beta_end=0.02 beta_schedule=linear trained_betas=
    timestep_values=)
set(ddim_plan_latent num_train_timesteps=1000 beta_start=0.00085 beta_end=0.012 beta_schedule=scaled_linear
    trained_betas= timestep_values=)
set(ddim_plan_threshold thresholding=OFF dynamic_thresholding_ratio=0.995 sample_max_value=1.0)
# The ends are no arguments of some, which read them all the same where the file has them.
set(ddim_plan_ramps use_karras_sigmas=OFF use_exponential_sigmas=OFF use_beta_sigmas=OFF sigma_min= sigma_max=)
set(ddim_plan_multistep ${ddim_plan_schedule} ${ddim_plan_threshold} ${ddim_plan_ramps} solver_order=2
    prediction_type=epsilon lower_order_final=ON use_flow_sigmas=OFF flow_shift=1.0 final_sigmas_type=zero
    timestep_spacing=linspace steps_offset=0 rescale_betas_zero_snr=OFF use_dynamic_shifting=OFF
    time_shift_type=exponential)
set(ddim_plan_DDIMScheduler ${ddim_plan_schedule} ${ddim_plan_threshold} clip_sample=ON set_alpha_to_one=ON
    steps_offset=0 prediction_type=epsilon clip_sample_range=1.0 timestep_spacing=leading rescale_betas_zero_snr=OFF)
set(ddim_plan_DDIMInverseScheduler ${ddim_plan_schedule} clip_sample=ON set_alpha_to_one=ON set_alpha_to_zero=
    steps_offset=0 prediction_type=epsilon clip_sample_range=1.0 timestep_spacing=leading rescale_betas_zero_snr=OFF)
set(ddim_plan_CogVideoXDDIMScheduler ${ddim_plan_latent} set_alpha_to_one=ON steps_offset=0 prediction_type=epsilon
    timestep_spacing=leading rescale_betas_zero_snr=OFF snr_shift_scale=3.0)
set(ddim_plan_DDPMScheduler ${ddim_plan_schedule} ${ddim_plan_threshold} variance_type= clip_sample=ON
    prediction_type=epsilon clip_sample_range=1.0 timestep_spacing=leading steps_offset=0 rescale_betas_zero_snr=OFF)
set(ddim_plan_PNDMScheduler ${ddim_plan_schedule} skip_prk_steps=OFF set_alpha_to_one=OFF prediction_type=epsilon
    timestep_spacing=leading steps_offset=0)
set(ddim_plan_EulerDiscreteScheduler ${ddim_plan_schedule} ${ddim_plan_ramps} prediction_type=epsilon
    interpolation_type=linear timestep_spacing=linspace timestep_type=discrete steps_offset=0
    rescale_betas_zero_snr=OFF final_sigmas_type=zero)
set(ddim_plan_EulerAncestralDiscreteScheduler ${ddim_plan_schedule} prediction_type=epsilon timestep_spacing=linspace
    steps_offset=0 rescale_betas_zero_snr=OFF)
set(ddim_plan_HeunDiscreteScheduler num_train_timesteps=1000 beta_start=0.00085 beta_end=0.012 beta_schedule=linear
    trained_betas= timestep_values= ${ddim_plan_ramps} prediction_type=epsilon clip_sample=OFF clip_sample_range=1.0
    timestep_spacing=linspace steps_offset=0)
set(ddim_plan_DPMSolverMultistepScheduler ${ddim_plan_multistep} algorithm_type=dpmsolver++ solver_type=midpoint
    euler_at_final=OFF use_lu_lambdas=OFF lambda_min_clipped= variance_type=)
set(ddim_plan_UniPCMultistepScheduler ${ddim_plan_multistep} predict_x0=ON solver_type=bh2 disable_corrector=
    solver_p= shift_terminal=)
set(ddim_plan_LCMScheduler ${ddim_plan_latent} ${ddim_plan_threshold} original_inference_steps=50 clip_sample=OFF
    clip_sample_range=1.0 prediction_type=epsilon timestep_scaling=10.0 rescale_betas_zero_snr=OFF)
set(ddim_plan_TCDScheduler ${ddim_plan_latent} original_inference_steps=50 set_alpha_to_one=ON
    prediction_type=epsilon rescale_betas_zero_snr=OFF)
set(ddim_plan_FlowMatchEulerDiscreteScheduler num_train_timesteps=1000 shift=1.0 use_dynamic_shifting=OFF
    invert_sigmas=OFF shift_terminal= ${ddim_plan_ramps} time_shift_type=exponential stochastic_sampling=OFF)
set(ddim_plan_EDMEulerScheduler num_train_timesteps=1000 sigma_min=0.002 sigma_max=80.0 sigma_data=0.5
    sigma_schedule=karras prediction_type=epsilon rho=7.0 final_sigmas_type=zero)
set(ddim_plan_EDMDPMSolverMultistepScheduler ${ddim_plan_EDMEulerScheduler} ${ddim_plan_threshold} solver_order=2
    algorithm_type=dpmsolver++ solver_type=midpoint lower_order_final=ON euler_at_final=OFF)
set(ddim_plan_schedulers DDIMScheduler DDIMInverseScheduler CogVideoXDDIMScheduler DDPMScheduler PNDMScheduler
    EulerDiscreteScheduler EulerAncestralDiscreteScheduler HeunDiscreteScheduler DPMSolverMultistepScheduler
    UniPCMultistepScheduler LCMScheduler TCDScheduler FlowMatchEulerDiscreteScheduler EDMEulerScheduler
    EDMDPMSolverMultistepScheduler)

# What a scheduler's network may predict, where that is not epsilon, sample or v_prediction.
set(ddim_plan_predictions_PNDMScheduler epsilon v_prediction)
set(ddim_plan_predictions_EulerDiscreteScheduler epsilon v_prediction sample original_sample)
set(ddim_plan_predictions_EulerAncestralDiscreteScheduler epsilon v_prediction)
set(ddim_plan_predictions_DPMSolverMultistepScheduler epsilon sample v_prediction flow_prediction)
set(ddim_plan_predictions_UniPCMultistepScheduler epsilon sample v_prediction flow_prediction)
set(ddim_plan_predictions_EDMEulerScheduler epsilon)
set(ddim_plan_predictions_EDMDPMSolverMultistepScheduler epsilon)

# LeRobot's policies: the fields that the sampler reads.
set(ddim_plan_diffusion noise_scheduler_type=DDPM num_train_timesteps=100 beta_start=0.0001 beta_end=0.02
    beta_schedule=squaredcos_cap_v2 prediction_type=epsilon clip_sample=ON clip_sample_range=1.0 num_inference_steps=)
set(ddim_plan_pi0 num_inference_steps= num_steps=)
set(ddim_plan_pi05 num_inference_steps= num_steps=)
set(ddim_plan_smolvla num_steps=)
set(ddim_plan_groot num_inference_timesteps= num_timestep_buckets=1000)
set(ddim_plan_policies diffusion pi0 pi05 smolvla groot)

# What a field may hold: whole numbers or others, as lists or alone, or one of some words. What is in none of these is
# true or false.
set(ddim_plan_ints num_train_timesteps steps_offset solver_order original_inference_steps num_inference_steps
    num_steps num_inference_timesteps num_timestep_buckets disable_corrector)
set(ddim_plan_reals beta_start beta_end clip_sample_range dynamic_thresholding_ratio sample_max_value sigma_min
    sigma_max sigma_data rho flow_shift shift shift_terminal timestep_scaling snr_shift_scale lambda_min_clipped
    trained_betas)
set(ddim_plan_lists trained_betas disable_corrector)
set(ddim_plan_words_beta_schedule linear scaled_linear squaredcos_cap_v2)
set(ddim_plan_words_prediction_type epsilon sample original_sample v_prediction flow_prediction)
set(ddim_plan_words_timestep_spacing leading trailing linspace)
set(ddim_plan_words_variance_type fixed_small fixed_small_log fixed_large)
set(ddim_plan_words_interpolation_type linear)
set(ddim_plan_words_timestep_type discrete continuous)
set(ddim_plan_words_final_sigmas_type zero sigma_min)
set(ddim_plan_words_algorithm_type dpmsolver++ sde-dpmsolver++ deis)
set(ddim_plan_words_solver_type midpoint heun bh1 bh2 logrho)
set(ddim_plan_words_time_shift_type exponential linear)
set(ddim_plan_words_sigma_schedule karras exponential)
set(ddim_plan_words_noise_scheduler_type DDPM DDIM)
set(ddim_plan_words_solver_p "") # only null
set(ddim_plan_words_timestep_values "")

# Fields that change nothing: of no scheduler's arithmetic, or read by Python's pipeline before it calls one. (A field
# of another scheduler than the config's is ignored as diffusers ignores it.)
set(ddim_plan_ignored _class_name _diffusers_version _name_or_path base_image_seq_len base_shift max_image_seq_len
    max_shift clip_denoised)

# What a field of a policy's config has in its name where it may be a sampler's; the others are not asked about.
set(ddim_plan_samplers_words
    "noise|beta|sigma|timestep|schedul|clip_sample|prediction_type|inference|num_steps|threshold|solver")

# Those that are of training or of the network alone.
set(ddim_plan_ignored_of_policies scheduler_name scheduler_warmup_steps scheduler_decay_steps scheduler_decay_lr
    optimizer_betas time_sampling_beta_alpha time_sampling_beta_beta noise_beta_alpha noise_beta_beta noise_s)
