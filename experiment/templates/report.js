const region = document.querySelector(".clips");
const list = region.querySelector("ol");
const clips = [...list.children];
const players = [...document.querySelectorAll("audio")];

// List the clips that match, the most probable predictions of the column first.
function show(selector, text, column) {
  players.forEach((player) => player.pause());
  const p = (clip) => (column === undefined ? 0 : JSON.parse(clip.dataset.p)[column]);
  list.append(...[...clips].sort((a, b) => p(b) - p(a)));
  clips.forEach((clip) => { clip.hidden = !clip.matches(selector); });
  const n = clips.filter((clip) => !clip.hidden).length;
  document.getElementById("shown").textContent = `${text} (${n})`;
  region.scrollTop = 0;
}

for (const button of document.querySelectorAll("button[data-cell]")) {
  const { cell } = button.dataset;
  button.addEventListener("click", () => {
    show(`[data-cells~="${cell}"]`, button.title, Number(cell.split("-")[1]));
    document.getElementById("clips").scrollIntoView();
    region.focus({ preventScroll: true });
  });
}

document.getElementById("mistakes")?.addEventListener("click", () => {
  show("[data-mistake]", "mistakes, the surest first");
});

// One player at a time. It loads its sound, and shows its duration, when it comes into view.
document.addEventListener("play", ({ target }) => {
  players.forEach((player) => player === target || player.pause());
}, true);
const observer = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting) target.preload = "metadata";
  }
});
players.forEach((player) => observer.observe(player));
