"use strict";
// Asks for another person's numbers. Without this script the page shows everything else.
(() => {
  const section = document.getElementById("what-if");
  const form = document.getElementById("questions");
  const problem = document.getElementById("what-if-problem");
  const result = document.querySelector("#what-if-result > div");
  const refusals = {400: "refused", 409: "replaced", 410: "over", 401: "over", 429: "many"};
  let asked = 0;

  const answers = () => {
    const given = {};
    for (const field of form.elements) {
      if (!field.name || field.value === "") continue;
      if (field.type === "number") given[field.name] = Number(field.value);
      else given[field.name] = field.dataset.kind === "yes_no" ? field.value === "true" : field.value;
    }
    return given;
  };

  const firstWrong = () => Array.from(form.elements).find((field) => field.willValidate && !field.checkValidity());

  const say = (name) => {
    result.hidden = true;
    problem.textContent = form.dataset[name];
  };

  const show = (numbers) => {
    for (const cell of result.querySelectorAll("[data-outcome]")) cell.textContent = numbers[cell.dataset.outcome] || "–";
    problem.textContent = "";
    result.hidden = false;
  };

  const ask = async () => {
    for (const field of form.elements) field.removeAttribute("aria-invalid");
    const wrong = firstWrong();
    if (wrong) {
      wrong.setAttribute("aria-invalid", "true");
      wrong.focus();
      return say("refused");
    }
    const given = answers();
    if (!Object.keys(given).length) return say("empty");
    const number = ++asked;
    try {
      const response = await fetch("decide/what-if", {
        method: "POST",
        headers: {"Content-Type": "application/json", Authorization: `Launch ${form.dataset.token}`},
        body: JSON.stringify({answers: given, language: form.dataset.language}),
        credentials: "omit",
        referrerPolicy: "no-referrer",
        cache: "no-store",
      });
      if (number !== asked) return undefined;
      if (!response.ok) return say(refusals[response.status] || "failed");
      const answer = await response.json();
      return answer.outcome === "predicted" ? show(answer.numbers) : say("none");
    } catch {
      return say("failed");
    }
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  section.hidden = false;
})();
