// One-stop dossiers, on the board.

export const units = {
  dossiers: { vi: "hồ sơ", en: "dossiers" },
  working_hours: { vi: "giờ làm việc", en: "working hours", isLevel: true },
};
