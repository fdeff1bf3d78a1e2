"""A language model on a machine: first token, gap, memory, tokens a second.

python -m simcore serve llama-3-8b h100-sxm --prompt 2048 --answer 256 --batch 16 --efficiency 0.5
python -m simcore serve llama-3-8b h100-sxm ... --assert "first_token < 500 ms"
"""

import argparse
from typing import Any

from simcore import solvers
from simcore.tools import asserting
from simcore.tools.reading import inputs
from simcore.wording import result_lines


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model")
    parser.add_argument("hardware")
    parser.add_argument("--prompt", required=True, help="tokens of the prompt")
    parser.add_argument("--answer", required=True, help="tokens of the answer")
    parser.add_argument("--batch", default="1", help="requests at once")
    parser.add_argument("--efficiency", required=True, help="share of the peak reached")
    parser.add_argument("--precision", default="fp16")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    asserting.argument(parser)


def answer(options: argparse.Namespace) -> dict[str, Any]:
    named = {
        "prompt": f"{options.prompt} token",
        "answer": f"{options.answer} token",
        "batch": options.batch,
        "efficiency": options.efficiency,
        "precision": options.precision,
        "model": options.model,
        "hardware": options.hardware,
    }
    given = inputs("serving", [*(f"{k}={v}" for k, v in named.items()), *options.set])
    found = solvers.solve("serving", **given)
    return {**found.as_dict(), "assertions": asserting.checked([found], options.assertions)}


def text(found: dict[str, Any]) -> str:
    return "\n".join(result_lines(found))


def exit_code(found: dict[str, Any]) -> int:
    return asserting.exit_code(found)
