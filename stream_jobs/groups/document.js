// Papers, on the board.

export const units = {
  papers: { vi: "văn bản", en: "papers" },
};
