// Icons of the screens after the first one, as outlines on a 24 by 24 grid.

export const DONE = ['M5 12.5l4.8 4.8L19.5 7.5'];
export const LOCK = [
  'M6.5 10.5h11a1.5 1.5 0 0 1 1.5 1.5v6.5a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 18.5V12a1.5 1.5 0 0 1 1.5-1.5z',
  'M8 10.5V8a4 4 0 0 1 8 0v2.5',
];
export const STOP = ['M12 3.5l7 2.6v5.4c0 4.3-2.9 7.5-7 9-4.1-1.5-7-4.7-7-9V6.1z', 'M9.5 9.7l5 5M14.5 9.7l-5 5'];
export const CLOCK = ['M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z', 'M12 7.5V12l3 2'];
export const ALERT = ['M12 4.5l8.5 15h-17z', 'M12 10.5v4M12 17h.01'];
export const HELP = ['M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z', 'M9.8 9.7a2.3 2.3 0 1 1 3.4 2c-.8.5-1.2.9-1.2 1.8M12 16h.01'];
