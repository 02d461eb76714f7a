const region = document.querySelector(".clips");
const clips = [...region.querySelectorAll("li")];
const shown = document.getElementById("shown");

function show(isShown, text) {
  for (const clip of clips) clip.hidden = !isShown(clip);
  const n = clips.filter((clip) => !clip.hidden).length;
  shown.textContent = `${n} ${text}`;
  region.scrollTop = 0;
}

for (const button of document.querySelectorAll("button[data-cell]")) {
  button.addEventListener("click", () => {
    const cell = button.dataset.cell;
    show((clip) => clip.dataset.cells.split(" ").includes(cell), button.dataset.name);
    document.getElementById("clips").scrollIntoView();
    region.focus({ preventScroll: true });
  });
}

document.getElementById("mistakes").addEventListener("click", () => {
  show((clip) => "mistake" in clip.dataset, "mistakes, the surest first");
});

// A player loads its sound, and shows its duration, when it comes into view.
const observer = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting) target.preload = "metadata";
  }
});
for (const player of document.querySelectorAll("audio")) observer.observe(player);
