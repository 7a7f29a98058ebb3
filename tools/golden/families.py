"""Tiny transformers of the families beside Stable Diffusion 3, run by diffusers in float32: Tests/Golden/models/*.safetensors.

    python tools/golden/families.py            write every file again

Files are as those of models.py. The metadata `original` is a JSON object that says how the file of the original implementation
(ComfyUI's, GGUF's) would have the same weights: its keys, each with the keys here that follow one another in it, and whether
halves are swapped. Each such table is checked here against diffusers' own converter of original files, or ComfyUI's.
"""
import json

import diffusers
import torch
from diffusers.loaders import single_file_utils
from models import OUTPUT, fill, random, save
from safetensors import safe_open
from safetensors.torch import load_file, save_file


def grid(height, width, frame=0, axes=3):
    """Positions of image tokens, row by row."""
    ids = torch.zeros(height, width, axes)
    ids[..., 0] = frame
    ids[..., 1] += torch.arange(height)[:, None]
    ids[..., 2] += torch.arange(width)[None]
    return ids.reshape(-1, axes)


def packed(latent):
    """[B, C, H, W] to [B, N, 4 C], channels first."""
    b, c, h, w = latent.shape
    return latent.view(b, c, h // 2, 2, w // 2, 2).permute(0, 2, 4, 1, 3, 5).reshape(b, h * w // 4, 4 * c)


def unpacked(tokens, height, width):
    b, _, c = tokens.shape
    return tokens.view(b, height // 2, width // 2, c // 4, 2, 2).permute(0, 3, 1, 4, 2, 5).reshape(b, c // 4, height, width)


def original(model, table):
    """The weights as the original implementation has them."""
    state = model.state_dict()
    weights = {}
    for key, (parts, swap) in table.items():
        whole = torch.cat([state[part] for part in parts])
        weights[key] = torch.cat(whole.chunk(2)[::-1]) if swap else whole
    return weights


def check(model, table, convert):
    """Fails where `convert` does not make the model's weights of the original ones."""
    state = model.state_dict()
    split = torch.split

    def in_parts(tensor, sizes, dim=0):
        """The converters know the sizes of the true models only; here the parts are as large in proportion."""
        return split(tensor, [size * tensor.shape[dim] // sum(sizes) for size in sizes], dim)

    torch.split = in_parts
    try:
        made = convert({k: v.clone() for k, v in original(model, table).items()})
    finally:
        torch.split = split
    assert set(made) == set(state), set(made) ^ set(state)
    for key, value in made.items():
        assert torch.equal(value, state[key]), key


def write(name, model, config, tensors, table, script="tools/golden/families.py"):
    """Saves a file with its table."""
    save(name, model, config, tensors)
    path = OUTPUT / f"{name}.safetensors"
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    metadata["script"] = script
    metadata["original"] = json.dumps({k: [parts, swap] for k, (parts, swap) in table.items()})
    save_file(load_file(path), path, metadata=metadata)


class Table(dict):
    """Rows of an original file: its layers, and those here that follow one another in each."""

    def layer(self, key, *parts, swap=False, parameters=("weight", "bias"), own=None):
        for parameter in parameters:
            self[f"{key}.{parameter}"] = ([f"{part}.{own or parameter}" for part in parts], swap)

    def norm(self, key, part):
        self.layer(key, part, parameters=("scale",), own="weight")


def flux_table(config, is_chroma=False, is_second=False):
    """Flux, FLUX.2 or Chroma."""
    table = Table()
    parameters = ("weight",) if is_second else ("weight", "bias")

    def layer(key, *parts, swap=False):
        table.layer(key, *parts, swap=swap, parameters=parameters)

    layer("img_in", "x_embedder")
    layer("txt_in", "context_embedder")
    layer("final_layer.linear", "proj_out")
    if is_chroma:
        guide = "distilled_guidance_layer"
        for end in ("in_proj", "out_proj"):
            layer(f"{guide}.{end}", f"{guide}.{end}")
        for i in range(config["approximator_layers"]):
            layer(f"{guide}.layers.{i}.in_layer", f"{guide}.layers.{i}.linear_1")
            layer(f"{guide}.layers.{i}.out_layer", f"{guide}.layers.{i}.linear_2")
            table.norm(f"{guide}.norms.{i}", f"{guide}.norms.{i}")
    else:
        layer("final_layer.adaLN_modulation.1", "norm_out.linear", swap=True)
        embedders = {"time_in": "timestep_embedder", "vector_in": "text_embedder", "guidance_in": "guidance_embedder"}
        for key, part in embedders.items():
            if key == "vector_in" and is_second or key == "guidance_in" and not config["guidance_embeds"]:
                continue
            folder = "time_guidance_embed" if is_second else "time_text_embed"
            layer(f"{key}.in_layer", f"{folder}.{part}.linear_1")
            layer(f"{key}.out_layer", f"{folder}.{part}.linear_2")
    if is_second:
        for name in ("double_stream_modulation_img", "double_stream_modulation_txt", "single_stream_modulation"):
            layer(f"{name}.lin", f"{name}.linear")
    up, down = ("linear_in", "linear_out") if is_second else ("net.0.proj", "net.2")
    for i in range(config["num_layers"]):
        a, b = f"double_blocks.{i}", f"transformer_blocks.{i}"
        for stream, qkv, out, norms, ff, mod in (
                ("img", ("to_q", "to_k", "to_v"), "to_out.0", ("norm_q", "norm_k"), "ff", "norm1"),
                ("txt", ("add_q_proj", "add_k_proj", "add_v_proj"), "to_add_out", ("norm_added_q", "norm_added_k"),
                 "ff_context", "norm1_context")):
            layer(f"{a}.{stream}_attn.qkv", *(f"{b}.attn.{part}" for part in qkv))
            layer(f"{a}.{stream}_attn.proj", f"{b}.attn.{out}")
            table.norm(f"{a}.{stream}_attn.norm.query_norm", f"{b}.attn.{norms[0]}")
            table.norm(f"{a}.{stream}_attn.norm.key_norm", f"{b}.attn.{norms[1]}")
            layer(f"{a}.{stream}_mlp.0", f"{b}.{ff}.{up}")
            layer(f"{a}.{stream}_mlp.2", f"{b}.{ff}.{down}")
            if not is_chroma and not is_second:
                layer(f"{a}.{stream}_mod.lin", f"{b}.{mod}.linear")
    for i in range(config["num_single_layers"]):
        a, b = f"single_blocks.{i}", f"single_transformer_blocks.{i}"
        if is_second:
            layer(f"{a}.linear1", f"{b}.attn.to_qkv_mlp_proj")
            layer(f"{a}.linear2", f"{b}.attn.to_out")
        else:
            layer(f"{a}.linear1", *(f"{b}.{part}" for part in ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp")))
            layer(f"{a}.linear2", f"{b}.proj_out")
            if not is_chroma:
                layer(f"{a}.modulation.lin", f"{b}.norm.linear")
        table.norm(f"{a}.norm.query_norm", f"{b}.attn.norm_q")
        table.norm(f"{a}.norm.key_norm", f"{b}.attn.norm_k")
    return table


def flux(name, guidance, beside=0):
    """FLUX.1, with a reference picture (Kontext) in a second run; `beside` is how many channels it is shown (Fill)."""
    config = dict(patch_size=1, in_channels=4 * (4 + beside), out_channels=16, num_layers=2, num_single_layers=2,
                  attention_head_dim=8, num_attention_heads=2, joint_attention_dim=12, pooled_projection_dim=10,
                  guidance_embeds=guidance, axes_dims_rope=(2, 2, 4))
    model = fill(diffusers.FluxTransformer2DModel(**config))
    latent, context, pooled = random("latent", 2, 4, 6, 8), random("context", 2, 5, 12), random("pooled", 2, 10)
    tensors = {"latent": latent, "context": context, "pooled": pooled, "timestep": torch.tensor([0.75, 0.02])}
    shown = latent
    if beside:
        tensors["beside"] = random("beside", 2, beside, 6, 8)
        shown = torch.cat([latent, tensors["beside"]], 1)

    def run(tokens, ids):
        out = model(tokens, encoder_hidden_states=context, pooled_projections=pooled, timestep=tensors["timestep"],
                    guidance=torch.full([2], 2.5) if guidance else None, img_ids=ids, txt_ids=torch.zeros(5, 3)).sample
        return unpacked(out[:, :12], 6, 8)

    tensors["velocity"] = run(packed(shown), grid(3, 4))
    if not beside:
        tensors["reference"] = random("reference", 2, 4, 4, 6)
        tensors["kontext"] = run(torch.cat([packed(latent), packed(tensors["reference"])], 1),
                                 torch.cat([grid(3, 4), grid(2, 3, frame=1)]))
    table = flux_table(config)
    check(model, table, single_file_utils.convert_flux_transformer_checkpoint_to_diffusers)
    write(name, model, config, tensors, table)


def flux2(name, guidance):
    """FLUX.2, with two reference pictures in a second run."""
    config = dict(patch_size=1, in_channels=6, num_layers=2, num_single_layers=2, attention_head_dim=8,
                  num_attention_heads=2, joint_attention_dim=12, timestep_guidance_channels=16, mlp_ratio=3.0,
                  axes_dims_rope=(2, 2, 2, 2), rope_theta=2000, guidance_embeds=guidance)
    model = fill(diffusers.Flux2Transformer2DModel(**config))
    latent, context = random("latent", 2, 6, 3, 5), random("context", 2, 4, 12)
    tensors = {"latent": latent, "context": context, "timestep": torch.tensor([0.75, 0.02]),
               "reference.0": random("reference.0", 2, 6, 2, 3), "reference.1": random("reference.1", 2, 6, 3, 2)}
    text = torch.zeros(4, 4)
    text[:, 3] = torch.arange(4)

    def run(pictures):
        tokens = torch.cat([x.flatten(2).transpose(1, 2) for x in pictures], 1)
        ids = torch.cat([grid(*x.shape[2:], frame=10 * i, axes=4) for i, x in enumerate(pictures)])
        out = model(tokens, encoder_hidden_states=context, timestep=tensors["timestep"],
                    guidance=torch.full([2], 2.5) if guidance else None, img_ids=ids, txt_ids=text).sample
        return out[:, :15].transpose(1, 2).reshape(latent.shape)

    tensors["velocity"] = run([latent])
    tensors["edited"] = run([latent, tensors["reference.0"], tensors["reference.1"]])
    table = flux_table(config, is_second=True)
    check(model, table, single_file_utils.convert_flux2_transformer_checkpoint_to_diffusers)
    write(name, model, config, tensors, table)


def chroma(name):
    config = dict(patch_size=1, in_channels=16, num_layers=2, num_single_layers=2, attention_head_dim=8,
                  num_attention_heads=2, joint_attention_dim=12, axes_dims_rope=(2, 2, 4), approximator_num_channels=16,
                  approximator_hidden_dim=12, approximator_layers=2)
    model = fill(diffusers.ChromaTransformer2DModel(**config))
    latent, context = random("latent", 2, 4, 6, 8), random("context", 2, 5, 12)
    tensors = {"latent": latent, "context": context, "timestep": torch.tensor([0.75, 0.02])}
    out = model(packed(latent), encoder_hidden_states=context, timestep=tensors["timestep"], img_ids=grid(3, 4),
                txt_ids=torch.zeros(5, 3)).sample
    tensors["velocity"] = unpacked(out, 6, 8)
    table = flux_table(config, is_chroma=True)
    check(model, table, single_file_utils.convert_chroma_transformer_checkpoint_to_diffusers)
    write(name, model, config, tensors, table)


def z_image_table(config):
    table = Table({key: ([key], False) for key in ("x_pad_token", "cap_pad_token", "cap_embedder.0.weight")})
    for key in ("t_embedder.mlp.0", "t_embedder.mlp.2", "cap_embedder.1"):
        table.layer(key, key)
    table.layer("x_embedder", "all_x_embedder.2-1")
    table.layer("final_layer.linear", "all_final_layer.2-1.linear")
    table.layer("final_layer.adaLN_modulation.1", "all_final_layer.2-1.adaLN_modulation.1")
    for folder, count in (("noise_refiner", config["n_refiner_layers"]), ("context_refiner", config["n_refiner_layers"]),
                          ("layers", config["n_layers"])):
        for i in range(count):
            block = f"{folder}.{i}"
            weight = ("weight",)
            table.layer(f"{block}.attention.qkv", *(f"{block}.attention.to_{x}" for x in "qkv"), parameters=weight)
            table.layer(f"{block}.attention.out", f"{block}.attention.to_out.0", parameters=weight)
            table.layer(f"{block}.attention.q_norm", f"{block}.attention.norm_q", parameters=weight)
            table.layer(f"{block}.attention.k_norm", f"{block}.attention.norm_k", parameters=weight)
            for part in ("feed_forward.w1", "feed_forward.w2", "feed_forward.w3", "attention_norm1", "attention_norm2",
                         "ffn_norm1", "ffn_norm2"):
                table.layer(f"{block}.{part}", f"{block}.{part}", parameters=weight)
            if folder != "context_refiner":
                table.layer(f"{block}.adaLN_modulation.0", f"{block}.adaLN_modulation.0")
    return table


def z_image(name):
    """Z-Image with two pictures and prompts of one length; 12 image tokens and 5 text tokens are filled up to 32 each."""
    config = dict(all_patch_size=(2,), all_f_patch_size=(1,), in_channels=4, dim=24, n_layers=2, n_refiner_layers=1,
                  n_heads=3, n_kv_heads=3, norm_eps=1e-5, qk_norm=True, cap_feat_dim=12, rope_theta=256.0, t_scale=1000.0,
                  axes_dims=[4, 2, 2], axes_lens=[64, 32, 32])
    model = diffusers.ZImageTransformer2DModel(**config)
    # The inner width of the embedder of time is fixed, and would make most of the file.
    model.t_embedder = type(model.t_embedder)(24, mid_size=32)
    fill(model)
    latent, context = random("latent", 2, 4, 6, 8), random("context", 2, 5, 12)
    timestep = torch.tensor([0.75, 0.02])
    out = model([x[:, None] for x in latent], 1 - timestep, list(context), return_dict=False)[0]
    tensors = {"latent": latent, "context": context, "timestep": timestep,
               "velocity": -torch.stack([x[:, 0] for x in out])}
    table = z_image_table(config)
    check(model, table, single_file_utils.convert_z_image_transformer_checkpoint_to_diffusers)
    write(name, model, config, tensors, table)


def pixart_table(config):
    table = Table({"final_layer.scale_shift_table": (["scale_shift_table"], False)})
    table.layer("x_embedder.proj", "pos_embed.proj")
    table.layer("t_embedder.mlp.0", "adaln_single.emb.timestep_embedder.linear_1")
    table.layer("t_embedder.mlp.2", "adaln_single.emb.timestep_embedder.linear_2")
    table.layer("t_block.1", "adaln_single.linear")
    table.layer("y_embedder.y_proj.fc1", "caption_projection.linear_1")
    table.layer("y_embedder.y_proj.fc2", "caption_projection.linear_2")
    table.layer("final_layer.linear", "proj_out")
    for i in range(config["num_layers"]):
        a, b = f"blocks.{i}", f"transformer_blocks.{i}"
        table[f"{a}.scale_shift_table"] = ([f"{b}.scale_shift_table"], False)
        table.layer(f"{a}.attn.qkv", *(f"{b}.attn1.to_{x}" for x in "qkv"))
        table.layer(f"{a}.attn.proj", f"{b}.attn1.to_out.0")
        table.layer(f"{a}.cross_attn.q_linear", f"{b}.attn2.to_q")
        table.layer(f"{a}.cross_attn.kv_linear", f"{b}.attn2.to_k", f"{b}.attn2.to_v")
        table.layer(f"{a}.cross_attn.proj", f"{b}.attn2.to_out.0")
        table.layer(f"{a}.mlp.fc1", f"{b}.ff.net.0.proj")
        table.layer(f"{a}.mlp.fc2", f"{b}.ff.net.2")
    return table


def pixart(name):
    config = dict(num_attention_heads=2, attention_head_dim=8, in_channels=4, out_channels=8, num_layers=2,
                  cross_attention_dim=16, caption_channels=12, sample_size=16, patch_size=2, attention_bias=True,
                  norm_type="ada_norm_single", norm_elementwise_affine=False, norm_eps=1e-6, interpolation_scale=2.0,
                  use_additional_conditions=False)
    model = fill(diffusers.PixArtTransformer2DModel(**config))
    latent, context = random("latent", 2, 4, 6, 8), random("context", 2, 5, 12)
    tensors = {"latent": latent, "context": context, "timestep": torch.tensor([999.0, 12.0])}
    out = model(latent, encoder_hidden_states=context, timestep=tensors["timestep"],
                added_cond_kwargs={"resolution": None, "aspect_ratio": None}).sample
    tensors["noise"] = out[:, :4]
    table = pixart_table(config)
    assert {part for parts, _ in table.values() for part in parts} == set(model.state_dict()) - {"pos_embed.pos_embed"}
    write(name, model, config, tensors, table)


def sd3_table(config):
    table = Table({"pos_embed": (["pos_embed.pos_embed"], False)})
    table.layer("x_embedder.proj", "pos_embed.proj")
    for key, part in (("t_embedder", "timestep_embedder"), ("y_embedder", "text_embedder")):
        table.layer(f"{key}.mlp.0", f"time_text_embed.{part}.linear_1")
        table.layer(f"{key}.mlp.2", f"time_text_embed.{part}.linear_2")
    table.layer("context_embedder", "context_embedder")
    table.layer("final_layer.linear", "proj_out")
    table.layer("final_layer.adaLN_modulation.1", "norm_out.linear", swap=True)
    last, norms = config["num_layers"] - 1, config["qk_norm"] is not None
    for i in range(last + 1):
        a, b = f"joint_blocks.{i}", f"transformer_blocks.{i}"
        streams = [("x_block", "attn", "attn", "to_{}", "to_out.0", "norm_{}"),
                   ("context_block", "attn", "attn", "add_{}_proj", "to_add_out", "norm_added_{}")]
        if i in (config.get("dual_attention_layers") or ()):
            streams.append(("x_block", "attn2", "attn2", "to_{}", "to_out.0", "norm_{}"))
        for stream, name, own, qkv, out, norm in streams:
            table.layer(f"{a}.{stream}.{name}.qkv", *(f"{b}.{own}.{qkv.format(x)}" for x in "qkv"))
            if i < last or stream == "x_block":
                table.layer(f"{a}.{stream}.{name}.proj", f"{b}.{own}.{out}")
            if norms:
                for x in "qk":
                    table.layer(f"{a}.{stream}.{name}.ln_{x}", f"{b}.{own}.{norm.format(x)}", parameters=("weight",))
        table.layer(f"{a}.x_block.adaLN_modulation.1", f"{b}.norm1.linear")
        table.layer(f"{a}.context_block.adaLN_modulation.1", f"{b}.norm1_context.linear", swap=i == last)
        for stream, ff in (("x_block", "ff"), ("context_block", "ff_context")):
            if i < last or stream == "x_block":
                table.layer(f"{a}.{stream}.mlp.fc1", f"{b}.{ff}.net.0.proj")
                table.layer(f"{a}.{stream}.mlp.fc2", f"{b}.{ff}.net.2")
    return table


def sd3(name):
    """Adds the table of original files to a golden of models.py."""
    path = OUTPUT / f"{name}.safetensors"
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        state = {key: file.get_tensor(key) for key in file.keys()}
    config = json.loads(metadata["config"])
    table = sd3_table(config)
    model = diffusers.SD3Transformer2DModel(**config)
    model.load_state_dict({key.removeprefix("model."): value.float() for key, value in state.items() if key.startswith("model.")})
    check(model, table, single_file_utils.convert_sd3_transformer_checkpoint_to_diffusers)
    metadata["original"] = json.dumps({k: [parts, swap] for k, (parts, swap) in table.items()})
    save_file(state, path, metadata=metadata)


def vae_table(config):
    """The KL autoencoder's; `layers_per_block` is the encoder's."""
    table = Table()
    levels = len(config["block_out_channels"])

    def resnet(a, b):
        for layer in ("norm1", "conv1", "norm2", "conv2"):
            table.layer(f"{a}.{layer}", f"{b}.{layer}")
        table.layer(f"{a}.nin_shortcut", f"{b}.conv_shortcut")

    for half in ("encoder", "decoder"):
        for layer, own in (("conv_in", "conv_in"), ("norm_out", "conv_norm_out"), ("conv_out", "conv_out")):
            table.layer(f"{half}.{layer}", f"{half}.{own}")
        for i in (0, 1):
            resnet(f"{half}.mid.block_{i + 1}", f"{half}.mid_block.resnets.{i}")
        for layer, own in (("norm", "group_norm"), ("q", "to_q"), ("k", "to_k"), ("v", "to_v"), ("proj_out", "to_out.0")):
            table.layer(f"{half}.mid.attn_1.{layer}", f"{half}.mid_block.attentions.0.{own}")
    for i in range(levels):
        for j in range(config["layers_per_block"] + 1):
            resnet(f"encoder.down.{i}.block.{j}", f"encoder.down_blocks.{i}.resnets.{j}")
            resnet(f"decoder.up.{levels - 1 - i}.block.{j}", f"decoder.up_blocks.{i}.resnets.{j}")
        table.layer(f"encoder.down.{i}.downsample.conv", f"encoder.down_blocks.{i}.downsamplers.0.conv")
        table.layer(f"decoder.up.{levels - 1 - i}.upsample.conv", f"decoder.up_blocks.{i}.upsamplers.0.conv")
    for layer in ("quant_conv", "post_quant_conv"):
        table.layer(layer, layer)
    for key in ("bn.running_mean", "bn.running_var", "bn.num_batches_tracked"):
        table[key] = ([key], False)
    return table


def vae(name):
    """Adds the table of original files to a golden of models.py."""
    path = OUTPUT / f"{name}.safetensors"
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        state = {key: file.get_tensor(key) for key in file.keys()}
    config = json.loads(metadata["config"])
    own = {key.removeprefix("model."): value for key, value in state.items() if key.startswith("model.")}
    table = {key: row for key, row in vae_table(config).items() if row[0][0] in own}
    weights = {key: own[parts[0]] for key, (parts, _) in table.items()}
    made = single_file_utils.convert_ldm_vae_checkpoint(dict(weights), config)
    assert set(made) == set(own), set(made) ^ set(own)
    for key, value in made.items():
        assert torch.equal(value, own[key].reshape(value.shape)), key
    metadata["original"] = json.dumps({k: [parts, swap] for k, (parts, swap) in table.items()})
    save_file(state, path, metadata=metadata)


def vae_flux2(name):
    """FLUX.2's autoencoder with a small decoder: latents as its pipeline has them."""
    config = dict(down_block_types=["DownEncoderBlock2D"] * 3, up_block_types=["UpDecoderBlock2D"] * 3,
                  block_out_channels=[8, 8, 16], decoder_block_out_channels=[4, 8, 8], layers_per_block=1,
                  latent_channels=4, norm_num_groups=4, sample_size=32, patch_size=[2, 2], batch_norm_eps=1e-4)
    model = diffusers.AutoencoderKLFlux2(**config)
    fill(model)
    model.bn.running_var.copy_((1 + 0.5 * random("bn.running_var", 16).abs()).half().float())
    image, latent = random("image", 2, 3, 24, 16).clamp(-1, 1), random("latent", 2, 16, 3, 2)

    def squares(x):
        b, c, h, w = x.shape
        return x.view(b, c, h // 2, 2, w // 2, 2).permute(0, 1, 3, 5, 2, 4).reshape(b, 4 * c, h // 2, w // 2)

    def cells(x):
        b, c, h, w = x.shape
        return x.reshape(b, c // 4, 2, 2, h, w).permute(0, 1, 4, 2, 5, 3).reshape(b, c // 4, 2 * h, 2 * w)

    mean, std = model.bn.running_mean.view(1, -1, 1, 1), (model.bn.running_var.view(1, -1, 1, 1) + 1e-4).sqrt()
    tensors = {"image": image, "latent": latent, "mean": (squares(model.encode(image).latent_dist.mode()) - mean) / std,
               "decoded": model.decode(cells(latent * std + mean)).sample}
    table = {key: row for key, row in vae_table(config).items() if row[0][0] in model.state_dict()}
    assert {parts[0] for parts, _ in table.values()} == set(model.state_dict())
    write(name, model, config, tensors, table)


def main():
    vae("vae-quant")
    vae("vae-plain")
    vae_flux2("vae-flux2")
    sd3("mmdit-dual")
    sd3("mmdit-plain")
    flux("flux", guidance=True)
    flux("flux-schnell", guidance=False)
    flux("flux-fill", guidance=True, beside=5)
    flux2("flux2", guidance=True)
    flux2("flux2-klein", guidance=False)
    chroma("chroma")
    z_image("z-image")
    pixart("pixart-sigma")


if __name__ == "__main__":
    main()
