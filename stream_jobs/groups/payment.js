// Payments, on the board.

export const units = {
  transactions: { vi: "giao dịch", en: "transactions" },
  customers: { vi: "khách hàng", en: "customers" },
};

export const names = {
  vi: {
    "service=electricity": "điện",
    "service=water": "nước",
    "service=tuition": "học phí",
    "service=hospital": "viện phí",
    "service=dossier_fee": "phí, lệ phí hồ sơ",
    "service=other": "khác",
  },
  en: {
    "service=electricity": "electricity",
    "service=water": "water",
    "service=tuition": "tuition",
    "service=hospital": "hospital fees",
    "service=dossier_fee": "dossier fees",
    "service=other": "other",
  },
};
