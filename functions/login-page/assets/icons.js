// Icons of the first screens, as outlines on a 24 by 24 grid. `more-icons.js` has the others.

export const CALL = [
  'M6.5 3.5h2.8l1.5 4-2 1.6a12 12 0 0 0 6.1 6.1l1.6-2 4 1.5v2.8a2 2 0 0 1-2.2 2A16.8 16.8 0 0 1 4.5 5.7a2 2 0 0 1 2-2.2z',
];
export const SMS = [
  'M5.5 4.5h13a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-6.5l-4.5 4v-4h-2a2 2 0 0 1-2-2v-8a2 2 0 0 1 2-2z',
  'M8 10.5h.01M12 10.5h.01M16 10.5h.01',
];
export const SHIELD = ['M12 3.5l7 2.6v5.4c0 4.3-2.9 7.5-7 9-4.1-1.5-7-4.7-7-9V6.1z', 'M9 12l2.2 2.2L15.2 10'];
export const OFFLINE = ['M4 10.5a12 12 0 0 1 16 0M7 14a8 8 0 0 1 10 0M10 17.3a3.5 3.5 0 0 1 4 0', 'M4.5 4.5l15 15'];
