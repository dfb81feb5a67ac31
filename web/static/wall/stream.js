// Hears that something has changed, and fetches what it looks like now. Never draws.

/** The websocket's map topic: `hint` on every change and after every return, `alive` on every frame. */
export function listen(hint, alive) {
  let tries = 0, first = true;
  function open() {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/live`);
    const say = (frame) => socket.send(JSON.stringify(frame));
    let spread = null;
    socket.onopen = () => say({ f: "hello", v: 1 });
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      alive();
      tries = 0;
      if (frame.f === "welcome") say({ f: "sub", id: 1, topic: "map:*" });
      else if (frame.f === "ping") say({ f: "pong", n: frame.n });
      else if (frame.f === "bye") spread = frame.retry_ms;
      else if (frame.f === "subbed" && first) first = false;
      else if (frame.f === "subbed" || frame.f === "map") hint();
    };
    socket.onclose = () => setTimeout(open, Math.random() * (spread ?? Math.min(30000, 500 * 2 ** tries++)));
  }
  open();
}

/** A function that asks for the scene: one request at a time, never two for what one would tell. */
export function fetcher(query, apply) {
  let asking = false, again = false;
  return async function refresh() {
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    do {
      again = false;
      // The clock on the wall says how old the picture is; the stream asks again when it is back.
      const answer = await fetch(`/watch/scene?${query()}`, { headers: { accept: "application/json" } }).catch(() => null);
      if (answer?.ok) apply(await answer.json());
    } while (again);
    asking = false;
  };
}
