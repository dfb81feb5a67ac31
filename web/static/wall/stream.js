// Hears that something has changed, and fetches what is different now. Never draws.
const SILENT_MS = 25000, RETRY_MS = 1000;

/** The websocket's map topic. `hint`: something has changed, or may have while nobody listened; `alive`: any frame. */
export function listen(hint, alive, denied) {
  let tries = 0, watch = 0;
  function open() {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/live`);
    const say = (frame) => socket.send(JSON.stringify(frame));
    let spread = null, over = false;
    const over_once = () => {
      if (over) return;
      over = true;
      clearTimeout(watch);
      setTimeout(open, Math.random() * (spread ?? Math.min(30000, 500 * 2 ** tries++)));
    };
    // A dead line says nothing: the socket learns of it minutes later, the clock after one heartbeat.
    const heard = () => {
      clearTimeout(watch);
      watch = setTimeout(() => {
        socket.close();
        over_once();
      }, SILENT_MS);
    };
    heard();
    socket.onopen = () => say({ f: "hello", v: 1 });
    socket.onmessage = ({ data }) => {
      if (over) return;
      const frame = JSON.parse(data);
      heard();
      alive();
      tries = 0;
      if (frame.f === "welcome") say({ f: "sub", id: 1, topic: "map:*" });
      else if (frame.f === "ping") say({ f: "pong", n: frame.n });
      else if (frame.f === "bye") spread = frame.retry_ms;
      else if (frame.f === "subbed" && frame.mode === "denied") denied();
      else if (frame.f === "subbed" || frame.f === "map") hint();
    };
    socket.onclose = over_once;
  }
  open();
  addEventListener("online", () => {
    tries = 0;
    hint();
  });
}

/** A function that asks for the news: one request at a time, another one when something changed meanwhile. */
export function fetcher(query, apply, denied) {
  let asking = false, again = false;
  async function refresh() {
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    again = false;
    // The clock on the wall says how old the picture is: an answer that does not come is tried again.
    const answer = await fetch(`/watch/scene?${query()}`, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(10000) }).catch(() => null);
    const told = answer?.ok ? await answer.json().catch(() => null) : null;
    if (told) apply(told);
    else if (answer?.status === 401 || answer?.status === 403) denied();
    asking = false;
    if (again) refresh();
    else if (!told) setTimeout(refresh, RETRY_MS * (1 + Math.random()));
  }
  return refresh;
}
