// A link's token stands after the #, which no server ever sees: show it once, drop it from the address, look again.
const link = document.getElementById("link");
async function open() {
  const token = location.hash.slice(1);
  if (!/^fl[movhirt]_/.test(token)) return;
  document.getElementById("opening").hidden = false;
  history.replaceState(null, "", location.pathname);
  const key = document.querySelector("[name=key]").value;
  const answer = await fetch("/v1/session", {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify({ token }),
  }).catch(() => null);
  document.getElementById("opening").hidden = true;
  if (answer?.ok) {
    const opened = await answer.json();
    const page = opened.power === "trip" ? "trip" : "r";
    location.replace(opened.request ? `/${page}/${opened.request}` : link.dataset.to);
    return;
  }
  // Only a no says that the link has ended; with no answer it stands in the box, to be tried again.
  if (!answer || answer.status === 429 || answer.status >= 500) document.getElementById("token").value = token;
  else document.getElementById("ended").textContent = document.getElementById("says").content.textContent;
  document.getElementById("ended").setAttribute("role", "alert");
}
// A link that is pasted over this page's address changes what stands after the # and nothing else.
addEventListener("hashchange", open);
open();
