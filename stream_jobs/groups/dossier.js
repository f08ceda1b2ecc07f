// One-stop dossiers, on the board.

export const units = { dossiers: { vi: "hồ sơ", en: "dossiers" } };
