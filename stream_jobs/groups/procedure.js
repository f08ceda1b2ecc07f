// Procedures, on the board.

export const units = { procedures: { vi: "thủ tục", en: "procedures" } };
