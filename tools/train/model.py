"""The model: two CLIP text encoders and a Stable Diffusion 3 transformer, both small."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from diffusers import AutoencoderKL, SD3Transformer2DModel
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from clip_tokenizers import MAX_LENGTH, load_tokenizers

T5_TOKENS = 256            # zero tokens diffusers puts in place of the missing T5 (its default max_sequence_length)

TEXT_1 = dict(
    hidden_size=96, intermediate_size=384, num_attention_heads=2, hidden_act="quick_gelu", projection_dim=96)
TEXT_2 = dict(hidden_size=160, intermediate_size=640, num_attention_heads=4, hidden_act="gelu", projection_dim=160)
TEXT_SHARED = dict(num_hidden_layers=2, max_position_embeddings=MAX_LENGTH)

TRANSFORMER = dict(
    sample_size=16, patch_size=2, in_channels=8, out_channels=8, num_layers=7, attention_head_dim=64,
    num_attention_heads=3, joint_attention_dim=TEXT_1["hidden_size"] + TEXT_2["hidden_size"],
    caption_projection_dim=192, pooled_projection_dim=TEXT_1["projection_dim"] + TEXT_2["projection_dim"],
    pos_embed_max_size=24, qk_norm="rms_norm",
)


def build_models(tokenizers):
    """Both text encoders and the transformer, with random weights."""
    encoders = []
    for tokenizer, size in zip(tokenizers, (TEXT_1, TEXT_2)):
        config = CLIPTextConfig(
            vocab_size=len(tokenizer), bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id, **size, **TEXT_SHARED)
        encoders.append(CLIPTextModelWithProjection(config))
    return encoders, SD3Transformer2DModel(**TRANSFORMER)


def initialise(encoders, transformer, seen):
    """Starting weights: adaLN-zero (every block begins as the identity), and embeddings only of tokens in `seen`.

    - seen: [vocabulary] bool. Embeddings of tokens that no caption has are zero and stay zero.
    """
    for module in transformer.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    patches = transformer.pos_embed.proj
    nn.init.xavier_uniform_(patches.weight.view(patches.weight.shape[0], -1))
    nn.init.zeros_(patches.bias)
    for name, module in transformer.named_modules():
        if name.endswith(("norm1.linear", "norm1_context.linear")) or name in ("norm_out.linear", "proj_out"):
            nn.init.zeros_(module.weight)
    for encoder in encoders:
        embeddings = encoder.text_model.embeddings if hasattr(encoder, "text_model") else encoder.embeddings
        nn.init.normal_(embeddings.token_embedding.weight, std=0.4)
        nn.init.normal_(embeddings.position_embedding.weight, std=0.1)
        with torch.no_grad():
            embeddings.token_embedding.weight[~seen] = 0
        keep = seen[:, None].float()
        embeddings.token_embedding.weight.register_hook(lambda gradient, keep=keep: gradient * keep.to(gradient.device))


def encode_prompts(encoders, ids):
    """What diffusers' SD3 pipeline computes, but for the zero T5 tokens: [B, 32, 256] and pooled [B, 256]."""
    hidden, pooled = [], []
    for encoder, tokens in zip(encoders, ids):
        out = encoder(tokens, output_hidden_states=True)
        hidden.append(out.hidden_states[-2])
        pooled.append(out[0])
    return torch.cat(hidden, -1), torch.cat(pooled, -1)


def with_zero_token(hidden):
    """[B, L, D] with one zero token behind: the one that stands for all of T5's."""
    return F.pad(hidden, (0, 0, 0, 1))


class FoldedZerosAttention:
    """SD3 joint attention where one last context token stands for `count` equal tokens.

    The zero T5 tokens have no position, so they stay equal to one another through every layer; as keys, n equal
    tokens weigh exactly as much as one whose score has log(n) added. This computes what diffusers' processor
    computes with all of them, at a quarter of the cost.
    """

    def __init__(self):
        self.count = T5_TOKENS

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, *args, **kwargs):
        batch, length, _ = hidden_states.shape
        x, context = hidden_states, encoder_hidden_states

        def heads(tokens, norm=None):
            tokens = tokens.view(batch, tokens.shape[1], attn.heads, -1).transpose(1, 2)
            return norm(tokens) if norm is not None else tokens

        query = torch.cat([heads(attn.to_q(x), attn.norm_q), heads(attn.add_q_proj(context), attn.norm_added_q)], 2)
        key = torch.cat([heads(attn.to_k(x), attn.norm_k), heads(attn.add_k_proj(context), attn.norm_added_k)], 2)
        value = torch.cat([heads(attn.to_v(x)), heads(attn.add_v_proj(context))], 2)
        bias = torch.zeros(1, 1, 1, query.shape[2], dtype=value.dtype, device=value.device)
        bias[..., -1] = math.log(self.count) if self.count > 0 else float("-inf")
        out = F.scaled_dot_product_attention(query.to(value.dtype), key.to(value.dtype), value, attn_mask=bias)
        out = out.transpose(1, 2).reshape(batch, -1, value.shape[1] * value.shape[-1])
        x, context = attn.to_out[0](out[:, :length]), out[:, length:]
        return x, (context if attn.context_pre_only else attn.to_add_out(context))


def weights_of(encoders, transformer):
    """The state that `averaged.pt` holds."""
    return {"text_1": encoders[0].state_dict(), "text_2": encoders[1].state_dict(),
            "transformer": transformer.state_dict()}


def load_weights(path, encoders, transformer):
    """Puts the state of an `averaged.pt` into the models."""
    state = torch.load(path, map_location="cpu")
    for module, key in zip((*encoders, transformer), ("text_1", "text_2", "transformer")):
        module.load_state_dict(state[key])


def load_trained(work):
    """Tokenizers, text encoders, transformer and autoencoder of a training folder, for use."""
    tokenizers = load_tokenizers(work / "mmdit")
    encoders, transformer = build_models(tokenizers)
    load_weights(work / "mmdit/averaged.pt", encoders, transformer)
    vae = AutoencoderKL.from_pretrained(work / "vae")
    for module in (*encoders, transformer, vae):
        module.eval()
    return tokenizers, encoders, transformer, vae
