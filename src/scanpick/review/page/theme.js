// Before anything is drawn: the theme that was chosen last.
const theme = localStorage.getItem("scanpick theme");
if (theme) document.documentElement.dataset.theme = theme;
