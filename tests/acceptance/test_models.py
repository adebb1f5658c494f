"""Real models through the program: the published size and format, with random weights, since nothing can be fetched."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bridge.separation.demucs.passes import FOUR
from bridge.separation.networks.graph import Source
from bridge.separation.weights.catalogue import weights
from tests.acceptance.program import Studio, assert_sums_to

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

HTDEMUCS = weights()["htdemucs"]


def save_weights(folder: Path) -> Path:
    """Save random weights under the name and with the size of the published ones, trusted as if they had their hash."""
    chance = np.random.default_rng(1)
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in FOUR.graph().weights.items():
        source = Source.of(name)
        if source.name.startswith("position"):
            continue
        rows = shape[0] if source.rows is None else source.rows[1]
        shapes[source.name] = max(shapes.get(source.name, ()), (rows, *shape[1:]))
    tensors = {name: chance.normal(0, 0.05, shape).astype(np.float16) for name, shape in shapes.items()}
    header: dict[str, object] = {}
    offset = 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F16", "shape": tensor.shape, "data_offsets": [offset, offset + tensor.nbytes]}
        offset += tensor.nbytes
    room = HTDEMUCS.bytes - 8 - offset
    text = json.dumps(header, separators=(",", ":"))
    text += " " * (room - len(text))
    folder.mkdir(parents=True)
    path = folder / HTDEMUCS.file
    path.write_bytes(room.to_bytes(8, "little") + text.encode() + b"".join(each.tobytes() for each in tensors.values()))
    status = path.stat()
    assert status.st_size == HTDEMUCS.bytes
    mark = {"sha256": HTDEMUCS.sha256, "bytes": status.st_size, "mtime_ns": status.st_mtime_ns}
    path.with_name(f".{path.name}.verified").write_text(json.dumps(mark))
    return path


def configure(studio: Studio, *more: str) -> Path:
    models = studio.root / "models"
    studio.configure("[models]", f"folder = '{models}'", *more)
    return models


def test_with_its_weights_here_a_bounce_in_the_inbox_gets_the_model_s_stems(studio: Studio) -> None:
    save_weights(configure(studio))
    bounce = studio.bounce("Song.wav", seconds=1.0)
    studio.up_until_final()
    [take] = studio.takes()
    receipt = json.loads((take / "stems.json").read_text("utf-8"))
    assert receipt["engine"] == "demucs"
    assert receipt["weights"] == [
        {"name": "htdemucs", "sha256": HTDEMUCS.sha256, "licence": HTDEMUCS.licence},
    ]
    assert {stem["name"] for stem in receipt["stems"]} == {"bass", "drums", "vocals", "other"}
    assert_sums_to(take, bounce)
    studio.assert_delivered(bounce)


def test_weights_that_are_not_here_are_told_with_the_command_that_fetches_them(studio: Studio) -> None:
    configure(studio)
    bounce = studio.bounce("Song.wav", to=studio.root)
    done = studio.run("separate", str(bounce.path), "--engine", "demucs")
    assert done.code == 2, done
    assert "stembridge models fetch htdemucs" in done.stderr


def test_a_file_with_another_hash_is_not_used(studio: Studio) -> None:
    path = save_weights(configure(studio))
    path.with_name(f".{path.name}.verified").unlink()
    verified = studio.run("models", "verify")
    assert verified.code == 1
    assert HTDEMUCS.sha256 in verified.stderr
    bounce = studio.bounce("Song.wav", to=studio.root)
    done = studio.run("separate", str(bounce.path), "--engine", "demucs")
    assert done.code == 1
    assert "is not the file it should be" in done.stdout + done.stderr


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    """A web server of the studio's own, which has another file under the name."""
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / HTDEMUCS.file).write_bytes(bytes(1000))

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(shared))  # type: ignore[arg-type]  # as the server calls it

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_fetching_says_what_it_fetches_asks_and_refuses_another_file(studio: Studio, mirror: str) -> None:
    models = configure(studio, f'mirror = "{mirror}"')
    asked = studio.run("models", "fetch", "501")
    assert asked.code == 2
    assert "none granted by the author" in asked.stdout
    assert "--yes" in asked.stderr
    fetched = studio.run("models", "fetch", "501", "--yes")
    assert fetched.code == 1
    assert "1000 bytes instead of" in fetched.stderr
    assert not (models / HTDEMUCS.file).exists()
    unknown = studio.root / "mine.ckpt"
    unknown.write_bytes(b"mine")
    imported = studio.run("models", "import", str(unknown))
    assert imported.code == 1
    assert hashlib.sha256(b"mine").hexdigest() in imported.stderr


def test_the_models_say_what_they_need(studio: Studio) -> None:
    save_weights(configure(studio))
    rows = {row["id"]: row for row in json.loads(studio.run("models", "--json").stdout)["models"]}
    assert len(rows) == 11
    assert {engine["name"]: engine["ready"] for engine in rows[501]["engines"]} == {
        **{"api": False, "demucs": True, "preview": True}
    }
    [needed] = rows[501]["weights"]
    assert (needed["name"], needed["present"], needed["bytes"]) == ("htdemucs", True, HTDEMUCS.bytes)
    assert all(row["weights"] for row in rows.values())
