// A call that is over, once more: a slider over its steps, drawn by the same overlay as the live picture.
import { byId, span } from "./page.js";
import { makeScene } from "./scene.js";

const STEP_MS = 900;

/** `show(scene)` draws; `done()` is called when it is closed. Returns {start(url), close(), open}. */
export function makeReplay(show, done) {
  const bar = byId("replay"), slider = byId("replay-at"), button = byId("replay-play"), says = byId("replay-says"), time = byId("replay-time");
  let steps = [], at = -1, held = null, timer = 0, wanted = "";

  function go(to) {
    if (to < at || !held) {
      held = makeScene();
      at = -1;
    }
    while (at < to) held.take(steps[++at]);
    slider.value = at;
    says.textContent = steps[at].says;
    time.textContent = span((Date.parse(steps[at].at) - Date.parse(steps[0].at)) / 1000);
    slider.setAttribute("aria-valuetext", steps[at].says);
    show(held.scene);
  }

  function pause() {
    clearInterval(timer);
    timer = 0;
    button.textContent = button.dataset.play;
  }

  function play() {
    if (at >= steps.length - 1) go(0);
    button.textContent = button.dataset.pause;
    timer = setInterval(() => (at < steps.length - 1 ? go(at + 1) : pause()), STEP_MS);
  }

  slider.addEventListener("input", () => {
    pause();
    go(Number(slider.value));
  });
  button.addEventListener("click", () => (timer ? pause() : play()));
  byId("replay-close")?.addEventListener("click", () => close());

  function close() {
    wanted = "";
    if (bar.hidden) return false;
    pause();
    bar.hidden = true;
    held = null;
    done();
    return true;
  }

  return {
    close,
    get open() {
      return !bar.hidden;
    },
    async start(url) {
      wanted = url;
      const answer = await fetch(url, { headers: { accept: "application/json" } }).catch(() => null);
      const told = answer?.ok && (await answer.json());
      // Whoever has turned to something else meanwhile is not brought back.
      if (!told || wanted !== url) return false;
      pause();
      ({ steps } = told);
      held = null;
      slider.max = steps.length - 1;
      bar.hidden = false;
      // Whoever wants things still is shown how it ended and moves the slider; nobody else waits for a first press.
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) go(steps.length - 1);
      else {
        go(0);
        play();
      }
      slider.focus();
      return true;
    },
  };
}
