"""One replica that serves a language model with continuous batching, event by event.

Between two events (a request admitted, finished or pushed out) the running batch does not change,
and the time of k steps is a sum in closed form; so the engine jumps from event to event instead of
stepping token by token.
"""

import math
from collections import deque
from collections.abc import Sequence
from heapq import heappop, heappush

from simcore.stochastic.serving_engine import Admission, Engine, Prefill


class Replica:
    """The state of one replica. Times in s, memory in tokens.

    A request's first token is ready when its prompt is; the others follow, one a step. Memory is
    taken at admission (all of it, or the prompt's) and grows with each token where it is paged.
    """

    __slots__ = (
        "_alone",
        "_answers",
        "_closed",
        "_done",
        "_engine",
        "_finish",
        "_first",
        "_prompts",
        "cache",
        "ends",
        "events",
        "held",
        "is_paged",
        "now",
        "preemptions",
        "prefilling",
        "queue",
        "running",
        "step",
        "waiting",
    )  # fmt: skip

    def __init__(
        self,
        engine: Engine,
        prompts: Sequence[int],
        answers: Sequence[int],
        first: list[float],
        finish: list[float],
    ) -> None:
        self._engine = engine
        self.is_paged = engine.admission is Admission.PAGED
        self._alone = engine.prefill is Prefill.ALONE
        self._prompts, self._answers = prompts, answers
        self._first, self._finish = first, finish
        self._done: dict[int, int] = {}  # answer tokens a pushed-out request had already
        self._closed = False
        self.now = 0.0
        self.step = 0
        self.cache = 0  # tokens read in every step
        self.held = 0  # tokens of memory given out
        self.queue: deque[int] = deque()
        self.waiting = 0  # tokens that the queue's prompts and answers come to
        self.prefilling: deque[list[int]] = deque()  # [request, prompt tokens left]
        self.running: dict[int, int] = {}  # request to the step at which it ends, oldest first
        self.ends: list[tuple[int, int]] = []  # heap of (step, request); stale entries are skipped
        self.events = 0
        self.preemptions = 0

    @property
    def load(self) -> int:
        """Requests waiting and running."""
        return len(self.queue) + len(self.prefilling) + len(self.running)

    @property
    def memory(self) -> int:
        """Tokens of cache in use and promised to the queue."""
        return self.held + self.waiting

    def unchanged_until(self) -> float:
        """Return when the step begins, at the earliest, after which fewer requests are here."""
        if self.queue or self.prefilling or not self.running:
            return self.now
        n, steps = len(self.running), self._steps_to_end()
        if self.is_paged and self.held + steps * n > self._engine.kv_tokens:
            return self.now
        first, growth = self._step_time(n, 0)
        return self.now + (steps - 1) * (first + growth * (steps - 2) / 2.0)

    def arrive(self, request: int, time: float) -> None:
        """Take a request in; call `advance` to its time first."""
        if not self.load:
            self.now = max(self.now, time)
        self.queue.append(request)
        self.waiting += self._prompts[request] + self._answers[request]
        self.events += 1

    def advance(self, until: float) -> None:
        """Do every step that starts before `until`."""
        alone = self._alone
        while self.now < until:
            if self.queue:
                admitted = self._admitted(alone)
                if alone and admitted:
                    self._prefill_alone(admitted)
                    continue
                self.prefilling.extend(admitted)
            if self.prefilling:
                self._mixed(until)
            elif self.running:
                self._decode(until)
            else:
                return

    def _admitted(self, alone: bool) -> list[list[int]]:
        """Take from the head of the queue what fits; with its prompt tokens to process."""
        engine, queue = self._engine, self.queue
        found: list[list[int]] = []
        tokens = 0
        if self._closed and self.running:
            return found
        places = engine.max_running - len(self.running) - len(self.prefilling)
        while queue and places > len(found):
            request = queue[0]
            prompt = self._prompts[request] + self._done.get(request, 0)
            need = prompt + 1 if self.is_paged else prompt + self._answers[request]
            if self.held + need > engine.kv_tokens:
                break
            if alone and found and tokens + prompt > engine.max_prompt_tokens:
                break
            queue.popleft()
            self.waiting -= self._prompts[request] + self._answers[request]
            found.append([request, prompt])
            tokens += prompt
            self.held += need
            self.cache += prompt + 1
        return found

    def _prefill_alone(self, admitted: list[list[int]]) -> None:
        cost = self._engine.cost
        tokens = sum(prompt for _, prompt in admitted)
        self.now += cost.base + cost.per_prompt_token * tokens
        for request, _ in admitted:
            self._begin(request)

    def _begin(self, request: int) -> None:
        """The prompt is processed: the first token is there."""
        self.events += 1
        done = self._done.get(request, 0)
        if not done:
            self._first[request] = self.now
        left = self._answers[request] - done - 1
        if left <= 0:
            self._leave(request)
            return
        end = self.step + left
        self.running[request] = end
        heappush(self.ends, (end, request))

    def _mixed(self, until: float) -> None:
        """Process prompts beside decoding: whole pieces of the head at once, or one step."""
        if self._lacks_room():
            return
        budget = self._engine.max_prompt_tokens
        head = self.prefilling[0]
        if head[1] > budget:
            pieces = int((head[1] - 1) // budget)
            count = self._go(pieces, until, int(budget))
            head[1] -= int(budget) * count
            return
        ready, tokens = [], 0
        while self.prefilling and tokens < budget:
            head = self.prefilling[0]
            piece = int(min(head[1], budget - tokens))
            head[1] -= piece
            tokens += piece
            if head[1]:
                break
            ready.append(self.prefilling.popleft()[0])
        self._go(1, until, tokens)
        for request in ready:
            self._begin(request)

    def _decode(self, until: float) -> None:
        if not self._lacks_room():
            self._go(None, until, 0)

    def _lacks_room(self) -> bool:
        """Whether the next step's tokens did not fit, so that a request was pushed out."""
        if self.is_paged and self.held + len(self.running) > self._engine.kv_tokens:
            self._push_out()
            return True
        return False

    def _go(self, most: int | None, until: float, tokens: int) -> int:
        """Do steps of an unchanged batch: up to `most`, the next end, full memory, or `until`."""
        running, ends = self.running, self.ends
        n = len(running)
        first, growth = self._step_time(n, tokens)
        count = most or 1
        if n:
            to_end = self._steps_to_end()
            count = to_end if most is None else min(most, to_end)
            if self.is_paged and self.held + count * n > self._engine.kv_tokens:
                count = int((self._engine.kv_tokens - self.held) // n)
        time = count * (first + growth * (count - 1) / 2.0)
        if count > 1 and self.now + time > until:
            count = min(count, _steps_within(until - self.now, first, growth))
            time = count * (first + growth * (count - 1) / 2.0)
        self.now += time
        self.step += count
        self.cache += count * n
        if self.is_paged:
            self.held += count * n
        self.events += 1
        while ends and ends[0][0] <= self.step:
            end, request = heappop(ends)
            if running.get(request) == end:
                del running[request]
                self._leave(request)
        return count

    def _step_time(self, n: int, tokens: int) -> tuple[float, float]:
        """Return what the next step takes and what each one after takes more.

        Each step reads n tokens more: k steps take k * first + growth * k (k - 1) / 2.
        """
        cost = self._engine.cost
        first = (
            cost.base + cost.per_sequence * n + cost.per_kv_token * self.cache
            + cost.per_prompt_token * tokens
        )  # fmt: skip
        return first, cost.per_kv_token * n

    def _steps_to_end(self) -> int:
        """Return the steps until the first of the running requests has its answer."""
        running, ends = self.running, self.ends
        while running.get(ends[0][1]) != ends[0][0]:
            heappop(ends)
        return ends[0][0] - self.step

    def _leave(self, request: int) -> None:
        size = self._prompts[request] + self._answers[request]
        self._finish[request] = self.now
        self._done.pop(request, None)
        self._closed = False
        self.cache -= size
        self.held -= size

    def _push_out(self) -> None:
        """Free the newest running request's memory and put it back to the head of the queue."""
        request, end = self.running.popitem()
        done = self._answers[request] - (end - self.step)
        self._done[request] = done
        self.cache -= self._prompts[request] + done
        self.held -= self._prompts[request] + done
        self._closed = True
        self.queue.appendleft(request)
        self.waiting += self._prompts[request] + self._answers[request]
        self.preemptions += 1
        self.events += 1


def _steps_within(time: float, first: float, growth: float) -> int:
    """Fewest steps, at least one, that take `time` or longer."""
    if growth == 0.0:
        return max(1, math.ceil(time / first))
    half = first - growth / 2.0
    root = (math.sqrt(half * half + 2.0 * growth * time) - half) / growth
    return max(1, math.ceil(root - 1e-9))
