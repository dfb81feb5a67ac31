// Alerts on this phone: asked for by a button only, said plainly when the browser can't, kept in step with the server.
const box = document.getElementById("push");
const able = window.isSecureContext && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

function show(state, said) {
  box.hidden = false;
  for (const each of box.querySelectorAll("[data-for]")) each.hidden = each.dataset.for !== state;
  for (const each of box.querySelectorAll("[data-said]")) each.hidden = each.dataset.said !== said;
}

// The page's own script has registered the worker, or nobody has yet: a policy can be made only once.
async function worker() {
  if (!(await navigator.serviceWorker.getRegistration())) {
    try {
      const policy = window.trustedTypes?.createPolicy("fragment", { createScriptURL: (url) => (url === "/worker.js" ? url : "") });
      await navigator.serviceWorker.register(policy ? policy.createScriptURL("/worker.js") : "/worker.js");
    } catch {}
  }
  return navigator.serviceWorker.ready;
}

async function subscribe() {
  const { pushManager } = await worker(), held = await pushManager.getSubscription();
  const me = await fetch("/v1/me");
  if (!me.ok) throw new Error(String(me.status));
  const key = bytes((await me.json()).push.key);
  const same = held?.options.applicationServerKey && String(new Uint8Array(held.options.applicationServerKey)) === String(key);
  if (held && !same) await held.unsubscribe();
  const mine = same ? held : await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const answer = await fetch("/v1/me/push", { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify(mine) });
  if (!answer.ok) throw new Error(String(answer.status));
}

const acts = {
  async allow() {
    const allowed = await Notification.requestPermission();
    if (allowed === "denied") return show("blocked");
    if (allowed !== "granted") return show("ask");
    await subscribe();
    show("on");
  },
  async test() {
    const answer = await fetch("/help/test", {
      method: "POST",
      headers: { accept: "application/json", "idempotency-key": `${box.dataset.key}${Date.now()}` },
      body: new URLSearchParams(),
    });
    if (!answer.ok) throw new Error(String(answer.status));
    show("on", "sent");
  },
  async stop() {
    const answer = await fetch("/v1/me/push", { method: "DELETE" });
    if (!answer.ok) throw new Error(String(answer.status));
    await (await (await worker()).pushManager.getSubscription())?.unsubscribe();
    show("ask");
  },
};
for (const each of box.querySelectorAll("[data-do]")) {
  each.addEventListener("click", async () => {
    each.disabled = true;
    await acts[each.dataset.do]().catch(() => show(each.dataset.for, "failed"));
    each.disabled = false;
  });
}

async function start() {
  if (!able) return show("cannot");
  if (Notification.permission === "denied") return show("blocked");
  const held = Notification.permission === "granted" && (await (await worker()).pushManager.getSubscription());
  if (held && !("on" in box.dataset)) await subscribe();
  show(held ? "on" : "ask");
}
start().catch(() => show("ask"));
