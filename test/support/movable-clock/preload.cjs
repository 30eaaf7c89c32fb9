'use strict';
// The wall clock of a process as somebody sets it who may: off by as many milliseconds as the file in CLOCK_OFFSET_FILE says
// at each look. The monotonic clock knows nothing of that, nor do timers, as on a machine whose clock is set.
const { readFileSync } = require('node:fs');
const { env } = require('node:process');

const RealDate = Date;
const offsetMs = () => Number(readFileSync(env.CLOCK_OFFSET_FILE, 'utf8'));

globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + offsetMs());
    else super(...parts);
  }

  static now() {
    return RealDate.now() + offsetMs();
  }
};
