// What citizens report, on the board.

export const units = {
  matters: { vi: "vụ việc", en: "matters" },
};

export const names = {
  vi: {
    "channel=app": "ứng dụng",
    "channel=hotline": "tổng đài 1022",
    "channel=portal": "cổng thông tin",
  },
  en: {
    "channel=app": "app",
    "channel=hotline": "hotline 1022",
    "channel=portal": "portal",
  },
};
