// An alert that was on screen for a second is marked as seen: that is no yes.
const card = document.querySelector("[data-alert]");
if (card) {
  setTimeout(() => {
    if (document.hidden) return;
    fetch(`/help/${card.dataset.alert}/answer`, {
      method: "POST",
      body: new URLSearchParams({ answer: "acknowledged" }),
      headers: { accept: "application/json", "idempotency-key": `seen-${card.dataset.alert}` },
    }).catch(() => {});
  }, 1000);
}
