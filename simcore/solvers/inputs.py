"""Inputs that several questions share."""

from simcore.solvers.question import Input, ItemInput

FORMATS = ("fp32", "fp16", "bf16", "fp8", "int8", "fp4", "int4")

PRECISION = Input("precision", "1", "number format", default="fp16", choices=FORMATS)
PEAK = Input("peak_flop_rate", "FLOP/s", "dense peak at the precision", above=True)
BANDWIDTH = Input("bandwidth", "byte/s", "main-memory bandwidth", above=True, spread=0.1)
CAPACITY = Input("capacity", "byte", "main memory", above=True)
EFFICIENCY = Input("efficiency", "1", "share of the peak that the kernels reach", high=1.0,
                   above=True, spread=0.1)  # fmt: skip
OVERHEAD = Input("overhead", "s", "time before each step", default=0.0)
BATCH = Input("batch", "1", "samples or requests of a step", default=1.0, low=1.0, is_whole=True)
PARAMETERS = Input("parameters", "1", "parameters of the model", above=True)
LAYERS = Input("layers", "1", "layers of the model", low=1.0, is_whole=True)
HIDDEN = Input("hidden", "1", "width of the model", low=1.0, is_whole=True)
HEADS = Input("heads", "1", "attention heads", low=1.0, is_whole=True)
KV_HEADS = Input("kv_heads", "1", "key-value heads", low=1.0, is_whole=True)
HEAD_WIDTH = Input("head_width", "1", "width of a head", low=1.0, is_whole=True)
PUE = Input("pue", "1", "power usage effectiveness", default=1.2, low=1.0, spread=0.05)
UTILISATION = Input("utilisation", "1", "share of the peak in use", high=1.0, spread=0.1)
IDLE_SHARE = Input("idle_share", "1", "idle power over full power", default=0.3, high=1.0,
                   spread=0.2)  # fmt: skip

TOKENS = Input("sequence", "1", "tokens of a sequence", low=1.0, is_whole=True)
NODE_BANDWIDTH = Input("node_bandwidth", "byte/s", "of one accelerator in its node, one way",
                       above=True)  # fmt: skip
NODE_LATENCY = Input("node_latency", "s", "of one message in a node", default=5e-7)
LINK_BANDWIDTH = Input("link_bandwidth", "byte/s", "of one accelerator between nodes, one way",
                       above=True, spread=0.1)  # fmt: skip
LINK_LATENCY = Input("link_latency", "s", "of one message between nodes", default=5e-6)
DEADLINE = Input("deadline", "s", "for the answer", default=1e9, above=True)
POWER = Input("power", "W", "of one machine when fully busy", default=0.0, spread=0.1)

MACHINE = ItemInput(
    "hardware",
    "hardware",
    {"peak_flop_rate": "peak.{precision}", "bandwidth": "bandwidth", "capacity": "capacity",
     "power": "power"},
    "a machine of the catalogue",
)  # fmt: skip
MODEL = ItemInput(
    "model",
    "models",
    {
        name: name
        for name in (
            "parameters",
            "active_parameters",
            "experts",
            "experts_per_token",
            "layers",
            "hidden",
            "heads",
            "kv_heads",
            "head_width",
            "kv_width",
        )
    },
    "a model of the catalogue",
)
LINK = ItemInput(
    "link",
    "links",
    {"link_bandwidth": "bandwidth", "link_latency": "latency"},
    "a link of the catalogue",
)
