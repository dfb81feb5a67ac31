// An invite's token stands after the #: put it into the form, drop it from the address.
const token = location.hash.slice(1);
if (/^fli_/.test(token)) {
  document.getElementById("token").value = token;
  document.getElementById("paste").hidden = true;
  history.replaceState(null, "", location.pathname);
}
