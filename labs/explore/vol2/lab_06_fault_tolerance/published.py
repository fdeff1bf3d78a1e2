"""What others measured. It leaves the server with the part that asks for it, after its lock."""

from labs.explore.vol2.lab_06_fault_tolerance.common import DAY, HOUR

# Llama 3 405B: A. Grattafiori et al., "The Llama 3 Herd of Models", arXiv:2407.21783,
# section 3.3.4 and Table 5. Counts are used: one printed share (30.1%) does not fit 148 of 419.
LLAMA_GPUS = 16_384
LLAMA_TIME = 54 * DAY
LLAMA_STOPS = 419  # unexpected ones of 466
LLAMA_GPU_STOPS = 148
LLAMA_MTBF = LLAMA_TIME / LLAMA_STOPS

# Research cluster RSC-1: A. Kokolis et al., "Revisiting Reliability in Large-Scale Machine
# Learning Research Clusters", HPCA 2025, arXiv:2410.21680. GPUs and mean time to failure of jobs.
RSC_NODE_MTTF = 1000 / 6.50 * DAY
RSC_MEASURED = (1024, 7.9 * HOUR)
RSC_PROJECTED = ((16_384, 1.8 * HOUR), (131_072, 0.23 * HOUR))
