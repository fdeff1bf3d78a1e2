// Moves a slider once per frame and times what the page does about it: its input handler, the
// drawing it asks for, and the style and layout that follow. `bare` moves a slider of ours, in the
// same page, whose handler is empty.
async ({ moves, bare }) => {
  const ask = window.requestAnimationFrame.bind(window);
  const real = document.querySelector(".instrument .knob input[type=range]");
  let slider = real;
  if (bare) {
    slider = real.cloneNode();
    slider.removeAttribute("id");
    slider.addEventListener("input", () => {});
    real.after(slider);
  }
  let spent = 0;
  const timed = (run) => {
    const start = performance.now();
    run();
    spent += performance.now() - start;
  };
  window.requestAnimationFrame = (draw) => ask((now) => timed(() => draw(now)));
  const last = Number(slider.max);
  const seen = { script: [], settled: [], frames: [] };
  for (let i = 0; i < moves; i += 1) {
    spent = 0;
    const turn = i % (2 * last);
    slider.value = String(turn > last ? 2 * last - turn : turn);
    timed(() => slider.dispatchEvent(new Event("input", { bubbles: true })));
    await new Promise((done) => {
      ask((now) => {
        // Ours was asked for after the page's own, so the drawing is done.
        seen.script.push(spent);
        timed(() => document.body.getBoundingClientRect());
        seen.settled.push(spent);
        seen.frames.push(now);
        setTimeout(done, 0);
      });
    });
  }
  window.requestAnimationFrame = ask;
  if (bare) slider.remove();
  return seen;
}
