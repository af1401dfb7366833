// Looks, every second, whether a piece of work is done, and then shows what came of it. Without this script a link does.
const job = document.querySelector("[data-job]");
const timer = setInterval(async () => {
  const answer = await fetch(job.dataset.job);
  if (!answer.ok || !["waiting", "running"].includes((await answer.json()).state)) {
    clearInterval(timer);
    window.location.reload();
  }
}, 1000);
