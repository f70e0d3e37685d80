// Raw events, unpacked when one is first asked for, and shown as text.
{
  const place = document.getElementById("page-events");
  let unpacked = null;
  const unpack = async () => {
    const bytes = Uint8Array.from(atob(place.textContent.trim()), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-event] > button");
    if (!button) return;
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
    if (isOpen) {
      button.nextElementSibling.remove();
      return;
    }
    const shown = document.createElement("pre");
    shown.className = "event";
    shown.tabIndex = 0;
    shown.setAttribute("role", "region");
    shown.setAttribute("aria-label", "Raw event");
    shown.textContent = "Unpacking";
    button.after(shown);
    try {
      unpacked ??= unpack();
      shown.textContent = (await unpacked)[Number(button.parentElement.dataset.event)];
    } catch {
      shown.textContent = "This browser cannot unpack the event; it stands in its file at that place.";
    }
  });
}
