// Hears that something has changed, and fetches what is different now. Never draws.
const SILENT_MS = 25000, RETRY_MS = 1000, RETRY_MOST_MS = 30000, STAYS_AWAY = 4500, SIGNED_OUT = [4501, 4503];

/** The websocket's map topic. `hint`: something has changed, or may have while nobody listened; `alive`: any frame. */
export function listen(hint, alive, denied) {
  let tries = 0, watch = 0, many = 0; // over how long to come back if the server dies without a word, as it last said
  function open() {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/live`);
    const say = (frame) => socket.send(JSON.stringify(frame));
    let spread = null, over = false, away = false;
    const ended = (code) => {
      away ||= code >= STAYS_AWAY;
      if (SIGNED_OUT.includes(code)) denied();
    };
    const over_once = () => {
      if (over) return;
      over = true;
      clearTimeout(watch);
      // A code from 4500 on means that coming back changes nothing; the page goes on by asking now and then.
      if (!away) setTimeout(open, Math.random() * (spread ?? Math.max(many, Math.min(30000, 500 * 2 ** tries++))));
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
      else if (frame.f === "ping") {
        say({ f: "pong", n: frame.n });
        many = Math.min(60000, frame.retry_ms || 0);
      }
      else if (frame.f === "bye") {
        spread = frame.retry_ms;
        ended(frame.code);
      }
      else if (frame.f === "subbed" && frame.mode === "denied") denied();
      else if (frame.f === "subbed" || frame.f === "map") hint();
    };
    socket.onclose = ({ code }) => {
      ended(code);
      over_once();
    };
  }
  open();
  addEventListener("online", () => {
    tries = 0;
    hint();
  });
}

/**
 * `refresh` asks for the news: one request at a time, another one when something changed meanwhile. What was not answered
 * is asked again, ever later, never before the server said. `stop`: whoever was denied asks no more.
 */
export function fetcher(query, apply, denied) {
  let asking = false, again = false, tries = 0, later = 0, notBefore = 0, over = false;
  async function refresh() {
    if (asking) {
      again = true;
      return;
    }
    clearTimeout(later);
    if (over) return;
    const wait = notBefore - Date.now();
    if (wait > 0) {
      later = setTimeout(refresh, wait);
      return;
    }
    asking = true;
    again = false;
    // The clock on the wall says how old the picture is: an answer that does not come is tried again.
    const answer = await fetch(`/watch/scene?${query()}`, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(10000) }).catch(() => null);
    const told = answer?.ok ? await answer.json().catch(() => null) : null;
    asking = false;
    if (over) return;
    if (told) {
      tries = 0;
      apply(told);
      if (again) refresh();
    } else if (answer?.status === 401 || answer?.status === 403) {
      denied();
    } else {
      const after = 1000 * (Number(answer?.headers.get("retry-after")) || 0);
      notBefore = Date.now() + after;
      later = setTimeout(refresh, Math.max(after, Math.min(RETRY_MOST_MS, RETRY_MS * 2 ** tries++) * (0.5 + Math.random() / 2)));
    }
  }
  const stop = () => {
    over = true;
    clearTimeout(later);
  };
  return { refresh, stop };
}
