"""Runs in the environment of the reference programs: makes weights in their real formats, and the stems they give.

    python reference.py NAME MIX FOLDER

NAME is one of `NETWORKS`; MIX a stereo or mono float WAV at 44.1 kHz. Into FOLDER come `weights` (safetensors or a
torch checkpoint, as published) and `stems.npy`. Weights are random and alive: at their first values, scales near zero
would hide what is wrong behind them.
"""

import json
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile
import torch
from safetensors.torch import save_file

SOURCES = ["drums", "bass", "other", "vocals", "guitar", "piano"]
SEGMENT = 44_100
MEL_CHUNK, MEL_HOP = 44_100, 441
BS_CHUNK, BS_HOP = 44_032, 512
BS_BANDS = (2,) * 24 + (4,) * 12 + (12,) * 8 + (24,) * 8 + (48,) * 8 + (128, 129)


def htdemucs(count, bottom, mix, folder):
    from demucs.apply import apply_model
    from demucs.htdemucs import HTDemucs

    arguments = {
        **{"sources": SOURCES[:count], "channels": 8, "nfft": 2048, "bottom_channels": bottom, "dconv_mode": 3},
        **{"t_layers": 3, "t_heads": 2},
    }
    model = HTDemucs(**arguments, segment=Fraction(SEGMENT, 44_100)).eval()
    enliven(model, ".scale", 0.0, 0.3)
    stored = {name: tensor.half().contiguous() for name, tensor in model.state_dict().items()}
    about = {"klass": "demucs.htdemucs:HTDemucs", "args": json.dumps([]), "kwargs": json.dumps(arguments)}
    save_file(stored, folder / "weights", metadata=about)
    model.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
    wave = mix.expand(2, -1)
    mono = wave.mean(0)
    level = mono.std() + 1e-8
    with torch.no_grad():
        stems = apply_model(model, ((wave - mono.mean()) / level)[None], shifts=0, overlap=0.25, split=True)[0]
    return (stems * level + mono.mean()).numpy()


def mel_band(mix, folder):
    from bs_roformer import MelBandRoformer

    small = {"dim": 32, "depth": 2, "num_bands": 20, "heads": 2, "dim_head": 16, "stereo": True}
    model = MelBandRoformer(
        **small,
        time_transformer_depth=1,
        freq_transformer_depth=1,
        stft_hop_length=MEL_HOP,
        mask_estimator_depth=2,
        flash_attn=False,
        match_input_audio_length=True,
    ).eval()
    enliven(model, "gamma", 1.0, 0.2)
    torch.save(model.state_dict(), folder / "weights")
    return demix(model, mix.expand(2, -1), MEL_CHUNK)[None]


def bs_roformer(mix, folder):
    from bs_roformer import BSRoformer

    small = {"dim": 32, "depth": 2, "heads": 2, "dim_head": 16, "stereo": True, "freqs_per_bands": BS_BANDS}
    model = BSRoformer(
        **small,
        time_transformer_depth=1,
        freq_transformer_depth=1,
        stft_hop_length=BS_HOP,
        mask_estimator_depth=2,
        flash_attn=False,
    ).eval()
    enliven(model, "gamma", 1.0, 0.2)
    stored = {name: tensor.half() for name, tensor in model.state_dict().items()}
    torch.save({"state_dict": {f"module.{name}": tensor for name, tensor in stored.items()}}, folder / "weights")
    model.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
    return demix(model, mix.expand(2, -1), BS_CHUNK)[None]


def enliven(model, ending, mean, deviation):
    for name, parameter in model.named_parameters():
        if name.endswith(ending):
            torch.nn.init.normal_(parameter, mean, deviation)


def demix(model, wave, chunk):
    """Cut and join as the program does that the RoFormers were trained with: chunks singly, two over each sample."""
    step = chunk // 2
    border, fade, length = chunk - step, chunk // 10, wave.shape[1]
    bordered = length > 2 * border
    if bordered:
        wave = torch.nn.functional.pad(wave[None], (border, border), mode="reflect")[0]
    total, weight = torch.zeros_like(wave), torch.zeros_like(wave)
    for start in range(0, wave.shape[1], step):
        part = wave[:, start : start + chunk]
        count = part.shape[1]
        mode = "reflect" if count > chunk // 2 else "constant"
        part = torch.nn.functional.pad(part[None], (0, chunk - count), mode=mode)
        window = torch.ones(chunk)
        if start > 0:
            window[:fade] = torch.linspace(0, 1, fade)
        if start + step < wave.shape[1]:
            window[-fade:] = torch.linspace(1, 0, fade)
        with torch.no_grad():
            made = without_dc(model, part, chunk)[0]
        total[:, start : start + count] += made[:, :count] * window[:count]
        weight[:, start : start + count] += window[:count]
    joined = torch.nan_to_num(total / weight)
    return (joined[:, border:-border] if bordered else joined).numpy()


def without_dc(model, part, chunk):
    """Run the network as its training program does: nothing at 0 Hz, and stems as long as the chunk."""
    inverse = torch.istft

    def patched(spectrum, *args, **kwargs):
        spectrum = spectrum.clone()
        spectrum[..., 0, :] = 0
        return inverse(spectrum, *args, **{**kwargs, "length": chunk})

    torch.istft = patched
    try:
        return model(part)
    finally:
        torch.istft = inverse


NETWORKS = {
    "htdemucs": lambda mix, folder: htdemucs(4, 32, mix, folder),
    "htdemucs_6s": lambda mix, folder: htdemucs(6, 0, mix, folder),
    "mel band": mel_band,
    "bs": bs_roformer,
}

if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_num_threads(1)
    name, mix_file, target = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    samples = soundfile.read(mix_file, dtype="float32", always_2d=True)[0].T
    np.save(target / "stems.npy", NETWORKS[name](torch.from_numpy(samples.copy()), target))
