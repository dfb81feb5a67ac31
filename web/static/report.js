// A report plays its call again when somebody wants that, and loads what it needs for it only then.
const again = document.getElementById("again"), button = document.getElementById("again-open");
if (again) {
  again.hidden = false;
  button.addEventListener("click", () => {
    button.hidden = true;
    import("./wall/report.js");
  });
}
