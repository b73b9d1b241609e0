// Steps of a user, with a picture after each.
import fs from 'node:fs';
import path from 'node:path';

export class Steps {
  passed = 0;
  failed = 0;
  n = 0;

  constructor(page, shots) {
    this.page = page;
    this.shots = shots;
    fs.mkdirSync(shots, { recursive: true });
  }

  step = async (name, work) => {
    const begun = Date.now();
    this.n++;
    // Every step builds on the ones before.
    if (this.failed >= 3) {
      this.failed++;
      console.log(`not ok ${this.n} ${name}: not tried`);
      return;
    }
    try {
      const seen = await work();
      this.passed++;
      console.log(`ok ${this.n} ${name} (${Date.now() - begun} ms)${seen === undefined ? '' : ` ${JSON.stringify(seen)}`}`);
    } catch (error) {
      this.failed++;
      console.log(`not ok ${this.n} ${name}: ${String(error.message).split('\n').slice(0, 5).join(' | ')}`);
    }
    const picture = `${String(this.n).padStart(2, '0')}-${name.replace(/\W+/g, '-')}.png`;
    if (!this.page.isClosed()) await this.page.screenshot({ path: path.join(this.shots, picture) });
  };

  /** Prints the sum, and ends the process. */
  end() {
    console.log(`${this.passed} passed, ${this.failed} failed`);
    process.exit(this.failed === 0 ? 0 : 1);
  }
}
