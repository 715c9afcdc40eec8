/** Kept as the reason of a switch when the operator gave none; who reads it beside who did it learns nothing from it. */
export const NO_WHY = "by the operator";
