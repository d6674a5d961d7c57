// Scripts may load after somebody began to type: search for what is already in the field.
addEventListener("DOMContentLoaded", () => {
  const field = document.activeElement;
  const isSearch = field?.matches("input[hx-trigger~=search]");
  if (isSearch && field.value !== field.defaultValue) field.dispatchEvent(new Event("search"));
});
