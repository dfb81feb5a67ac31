// Hands a link to the phone's own share sheet, or copies it.
for (const button of document.querySelectorAll("[data-share]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.share);
    try {
      if (navigator.share) await navigator.share({ text: button.dataset.text, url: field.value });
      else {
        await navigator.clipboard.writeText(field.value);
        button.textContent = button.dataset.done;
      }
    } catch {
      field.select();
    }
  });
}
