// Parameters of other OpenAI-compatible servers, which clients of these servers send to every server.
import { z } from 'zod';
import { ignored, only } from './parameters.ts';

/** Names that only affect how the reply is generated, or how the server does it: those of llama.cpp, vLLM, Ollama, LM Studio,
 *  KoboldCpp, TabbyAPI, SGLang, TGI, Text Generation Web UI, OpenRouter and others, by what they affect. */
const IGNORED_NAMES: Readonly<Record<string, string>> = {
  'the choice of the next token': `
    top_k top_a min_p typical typical_p tfs tfs_z top_n_sigma nsigma n_sigma skew epsilon_cutoff eta_cutoff
    xtc_probability xtc_threshold min_keep do_sample num_beams samplers sampler_order sampler_priority sampler_seq
    sampler_seed random_seed mirostat mirostat_mode mirostat_tau mirostat_eta adaptive_target adaptive_decay
    backend_sampling logits_processors custom_logit_processor custom_params watermark guidance_scale cfg_scale
    negative_prompt negative_prompt_scale typ_p watermarking`,
  temperature: `
    temp temperature_last temp_last dynamic_temperature dynatemp_range dynatemp_exponent dynatemp_low dynatemp_high
    dynatemp_min dynatemp_max min_temp max_temp temp_exponent smoothing_factor smoothing_curve`,
  repetition: `
    repetition_penalty repeat_penalty repeat_last_n repetition_penalty_range repetition_range repetition_decay
    repetition_context_size repetition_detection rep_pen rep_pen_range rep_pen_slope penalty_range penalize_nl
    penalize_newline penalty_alpha length_penalty encoder_repetition_penalty no_repeat_ngram_size early_stopping
    use_beam_search dry_multiplier dry_base dry_allowed_length dry_penalty_last_n dry_range dry_sequence_breakers
    presence_context_size frequency_context_size`,
  'length and end': `
    max_new_tokens max_length max_gen_len max_output_tokens min_tokens min_length min_new_tokens n_predict
    num_predict n_keep num_keep n_discard n_indent truncate truncate_prompt_tokens truncation_length truncation_side
    max_context_length context_length_exceeded_behavior auto_max_new_tokens max_tokens_second t_max_predict_ms
    t_max_prompt_ms stop_token_ids stop_regex stop_sequences stop_sequence stopping_strings
    include_stop_str_in_output no_stop_trim trim_stop ignore_eos ban_eos_token bypass_eos add_bos_token bad_words
    banned_tokens banned_strings custom_token_bans allowed_token_ids use_default_badwordsids token_healing
    skip_special_tokens spaces_between_special_tokens render_special add_special_tokens`,
  'the form of the prompt': `
    chat_template chat_template_kwargs add_generation_prompt mm_processor_kwargs media_io_kwargs template mode
    instruction_template instruction_template_str chat_template_str character preset role_mapping safe_prompt
    prompt_mode safety_model safety_settings middleout chat_format chat_parser preserved_tokens`,
  'reasoning, which is never shown': `
    think thinking enable_thinking thinking_budget thinking_token_budget thinking_forced_open reasoning_format
    reasoning_budget reasoning_in_content include_reasoning separate_reasoning stream_reasoning
    reasoning_budget_tokens reasoning_budget_start_tag reasoning_budget_end_tag reasoning_budget_message
    reasoning_budget_arm_immediately`,
  'the work of the server': `
    options keep_alive ttl num_ctx n_ctx num_gpu num_thread num_batch main_gpu low_vram f16_kv vocab_only use_mmap
    use_mlock numa ctx_len ngl draft_model num_draft_tokens id_slot slot_id cache_prompt cache_salt cache_control
    n_cache_reuse lora lora_path adapters priority request_id rid session_params data_parallel_rank
    kv_transfer_params vllm_xargs guided_decoding_backend guided_whitespace_pattern speculative_ngram
    prompt_lookup_num_tokens static_cache timings_per_token return_progress post_sampling_probs verbose details
    quiet genkey parse_tool_calls disable_tool_validation provider route transforms usage trace stream_interval
    incremental_output result_format ec_transfer_params return_mm_kwargs routed_experts_prompt_start engine
    speculative.n_min speculative.n_max speculative.p_min speculative.type speculative.ngram_size_n
    speculative.ngram_size_m speculative.ngram_m_hits`,
};

const names = Object.values(IGNORED_NAMES).flatMap((group) => group.trim().split(/\s+/));
/** The type has only one of the names, because no code reads the values. */
const IGNORED_HERE = Object.fromEntries(names.map((name) => [name, ignored(z.unknown())])) as {
  top_k: ReturnType<typeof ignored<z.ZodUnknown>>;
};

const noFormat = 'must be omitted: turnkeeper supports no other format';
const noData = 'must be omitted: turnkeeper does not return this data';
const noSearch = 'must be omitted: turnkeeper does not call tools';

/** The parameters of other servers. Their values are not validated. */
export const OF_OTHER_SERVERS = {
  ...IGNORED_HERE,
  n_cmpl: only([1], 'must be 1: a turn has one reply'),
  best_of: only([1], 'must be 1: a turn has one reply'),
  echo: only([false], 'must be false: a reply does not contain the message'),
  continue_final_message: only([false], 'must be false: the last message must be a user message'),
  guided_json: only([], noFormat),
  guided_regex: only([], noFormat),
  guided_choice: only([[]], noFormat),
  guided_grammar: only([''], noFormat),
  structured_outputs: only([], noFormat),
  json_schema: only([{}], noFormat),
  grammar: only([''], noFormat),
  grammar_string: only([''], noFormat),
  grammar_lazy: only([false], noFormat),
  grammar_triggers: only([[]], noFormat),
  regex: only([''], noFormat),
  ebnf: only([''], noFormat),
  format: only([''], noFormat),
  n_probs: only([0], noData),
  prompt_logprobs: only([0, false], noData),
  logprob_token_ids: only([], noData),
  response_fields: only([[]], noData),
  return_prompt_text: only([false], noData),
  return_token_offsets: only([false], noData),
  return_token_ids: only([false], noData),
  return_tokens: only([false], noData),
  return_tokens_as_token_ids: only([false], noData),
  return_hidden_states: only([false], noData),
  documents: only([[]], 'must be empty: turnkeeper does not read documents'),
  plugins: only([[]], noSearch),
  enable_search: only([false], noSearch),
  search_parameters: only([{ mode: 'off' }], noSearch),
};
