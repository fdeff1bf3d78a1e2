"""How long does a network take on a microcontroller, and does it fit?"""

import numpy as np

from simcore.equations.mcu import inference_energy, inference_time, memory_fit, operator_cycles
from simcore.solvers.question import Answer, Input, ItemInput, Question, Values

CLASSES = ("first", "depthwise", "pointwise", "convolution", "dense")

QUESTION = Question(
    title=__doc__,
    value="time of one inference",
    unit="s",
    inputs=(
        *(Input(f"{name}_macs", "1", f"products of {what}", default=0.0) for name, what in (
            ("first", "the first convolution"), ("depthwise", "depthwise convolutions"),
            ("pointwise", "1 x 1 convolutions"), ("convolution", "other convolutions"),
            ("dense", "fully connected layers"))),
        Input("outputs", "1", "elements that layers write", default=0.0),
        *(Input(f"{name}_cycles", "cycle", f"for one product of that class ({name})", spread=0.3)
          for name in CLASSES),
        Input("output_cycles", "cycle", "for one element written, where not in the others",
              default=0.0),
        Input("clock", "1/s", "of the core", above=True),
        Input("weights", "byte", "weights and biases"),
        Input("activations", "byte", "largest buffers alive at once"),
        Input("flash", "byte", "of the board", default=1e15),
        Input("sram", "byte", "of the board", default=1e15),
        Input("psram", "byte", "of the board", default=0.0),
        Input("program", "byte", "flash that runtime and application take", default=0.0),
        Input("stack", "byte", "SRAM that the rest of the application takes", default=0.0),
        Input("power", "W", "of the board while it infers", default=0.0, spread=0.05),
        Input("battery", "J", "of the battery; 1 Wh is 3600", default=0.0),
        Input("deadline", "s", "for one inference", default=1e9, above=True),
    ),
    terms={"cycles": "cycle", "cycles_per_product": "cycle", "energy": "J", "inferences": "1",
           "flash_left": "byte", "ram_left": "byte"},
    items=(
        ItemInput("model", "models",
                  {**{f"{name}_macs": f"macs.{name}" for name in CLASSES}, "outputs": "outputs",
                   "weights": "weights", "activations": "activations"},
                  "a network of the catalogue with its products by class"),
        ItemInput("hardware", "hardware",
                  {"clock": "clock", "power": "power", "flash": "flash.capacity",
                   "sram": "capacity"},
                  "a board of the catalogue"),
        ItemInput("core", "cores",
                  {**{f"{name}_cycles": f"cycles.{name}" for name in CLASSES},
                   "output_cycles": "cycles.output"},
                  "a core with the cycles that published systems need"),
    ),
    sources=(
        "L. Lai et al., CMSIS-NN, 2018, arXiv:1801.06601",
        "C. Banbury et al., MLPerf Tiny Benchmark, 2021, arXiv:2106.07597",
        "J. Lin et al., MCUNet, NeurIPS 2020, arXiv:2007.10319",
    ),
    limits="it does not fit ({flash_left} of flash and {ram_left} of RAM left), or "
    "misses the deadline of {deadline}",
    room="{flash_left} of flash and {ram_left} of RAM are left",
)  # fmt: skip


def answer(x: Values) -> Answer:
    by_class = {
        name: operator_cycles(x[f"{name}_macs"], 0.0, cycles_per_mac=x[f"{name}_cycles"],
                              cycles_per_output=0.0)
        for name in CLASSES
    }  # fmt: skip
    by_class["outputs"] = operator_cycles(
        0.0, x["outputs"], cycles_per_mac=0.0, cycles_per_output=x["output_cycles"]
    )
    cycles = np.asarray(sum(by_class.values()))
    macs = sum(x[f"{name}_macs"] for name in CLASSES)
    time = inference_time(cycles, clock=x["clock"])
    energy = inference_energy(time, active_power=x["power"])
    fit = memory_fit(
        weight_bytes=x["weights"],
        activation_bytes=x["activations"],
        flash=x["flash"],
        sram=x["sram"],
        psram=x["psram"],
        program_bytes=x["program"],
        stack_bytes=x["stack"],
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(macs > 0, cycles / macs, 0.0)
        many = np.where(energy > 0, x["battery"] / energy, 0.0)
    return Answer(
        value=time,
        terms={
            "cycles": cycles,
            "cycles_per_product": each,
            "energy": energy,
            "inferences": np.floor(many),
            "flash_left": fit.flash_headroom,
            "ram_left": fit.ram_headroom,
        },
        bound=Answer.longest(**by_class),
        feasible=np.asarray(fit.fits & (time <= x["deadline"])),
    )
