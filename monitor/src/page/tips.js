(() => {
  const tip = document.getElementById('tip');
  const number = (value) => Math.abs(value) < 100 ? String(+value.toPrecision(3)) : Math.round(value).toLocaleString('en-US');
  const duration = (s) => s < 1e-3 ? number(s * 1e6) + ' µs' : s < 1 ? number(s * 1e3) + ' ms' : number(s) + ' s';
  const units = { s: duration, B: (value) => number(value / 1048576) + ' MiB', '': number };
  const clamp = (value, low, high) => Math.max(low, Math.min(value, high));
  const hide = () => {
    tip.hidden = true;
    document.querySelectorAll('.cursor').forEach((cursor) => cursor.setAttribute('hidden', ''));
  };
  const show = (lines, x, y) => {
    tip.replaceChildren(...lines.map((line) => {
      const row = document.createElement('div');
      row.textContent = line;
      return row;
    }));
    tip.hidden = false;
    const { offsetWidth: wide, offsetHeight: high } = tip;
    tip.style.left = clamp(x + 14, 4, Math.max(4, innerWidth - wide - 4)) + 'px';
    tip.style.top = (y + 18 + high > innerHeight ? Math.max(4, y - high - 10) : y + 18) + 'px';
  };
  // Each picture has places; a place is told by the pointer or by the arrow keys.
  const watch = (svg, picture) => {
    const box = svg.viewBox.baseVal;
    let place = null;
    const tell = (at) => {
      hide();
      place = at;
      const { lines, x, y } = picture.tell(at, svg.querySelector('.cursor'));
      const frame = svg.getBoundingClientRect();
      show(lines, frame.left + x / box.width * frame.width, frame.top + y / box.height * frame.height);
    };
    const point = (event) => {
      const frame = svg.getBoundingClientRect();
      const at = picture.at((event.clientX - frame.left) / frame.width * box.width, (event.clientY - frame.top) / frame.height * box.height);
      if (at) tell(at); else hide();
    };
    svg.addEventListener('pointermove', (event) => { if (event.pointerType === 'mouse') point(event); });
    svg.addEventListener('pointerleave', (event) => { if (event.pointerType === 'mouse') hide(); });
    svg.addEventListener('click', (event) => { event.stopPropagation(); point(event); });
    svg.addEventListener('focus', () => { if (svg.matches(':focus-visible')) tell(place ?? picture.first); });
    svg.addEventListener('blur', hide);
    svg.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (event.key === 'Escape') hide();
      if (!step) return;
      event.preventDefault();
      tell(picture.step(place ?? picture.first, step));
    });
  };
  document.addEventListener('click', hide);
  addEventListener('scroll', () => { if (!document.activeElement?.matches('svg:focus-visible')) hide(); }, { passive: true });
  document.querySelectorAll('svg[data-heat]').forEach((svg) => {
    const heat = JSON.parse(svg.dataset.heat);
    const inside = ([column, range]) => [clamp(column, 0, heat.times.length - 1), clamp(range, 0, heat.keys.length - 1)];
    const all = heat.rows.flat();
    const most = all.reduce((best, rows, at) => rows > all[best] ? at : best, 0);
    watch(svg, {
      first: [Math.floor(most / heat.keys.length), most % heat.keys.length],
      at: (x, y) => {
        const [column, range] = [Math.floor((x - heat.x) / heat.w), Math.floor((y - heat.y) / heat.h)];
        return heat.rows[column]?.[range] === undefined ? null : [column, range];
      },
      step: ([column, range], [right, down]) => inside([column + right, range + down]),
      tell: ([column, range], cursor) => {
        const [x, y] = [heat.x + column * heat.w, heat.y + range * heat.h];
        Object.entries({ x, y, width: heat.w, height: heat.h }).forEach(([name, value]) => cursor.setAttribute(name, value));
        cursor.removeAttribute('hidden');
        const rows = heat.rows[column][range];
        const rate = rows / heat.seconds[column];
        const share = heat.of[column] ? rows / heat.of[column] * 100 : 0;
        const nodes = heat.node > 0 ? `, ${(rate / heat.node).toFixed(2)} of a node` : '';
        return {
          lines: [heat.keys[range].join(' –\n'), heat.times[column], `${number(share)} % of its writes: ${number(rate)} rows/s${nodes}`],
          x: x + heat.w, y: y + heat.h,
        };
      },
    });
  });
  document.querySelectorAll('svg[data-chart]').forEach((svg) => {
    const chart = JSON.parse(svg.dataset.chart);
    const show = units[chart.unit] ?? number;
    const end = chart.times.length - 1;
    const place = (at) => chart.left + chart.times[at] / chart.span * chart.wide;
    watch(svg, {
      first: [end],
      at: (x) => {
        let best = 0;
        chart.times.forEach((_, at) => { if (Math.abs(place(at) - x) < Math.abs(place(best) - x)) best = at; });
        return [best];
      },
      step: ([at], [right]) => [clamp(at + right, 0, end)],
      tell: ([at], cursor) => {
        Object.entries({ x1: place(at), x2: place(at) }).forEach(([name, value]) => cursor.setAttribute(name, value));
        cursor.removeAttribute('hidden');
        const lines = chart.series.map(({ name, values }) => `${name}: ${values[at] === null ? '–' : show(values[at])}`);
        return { lines: [`after ${number(chart.times[at])} s`, ...lines], x: place(at), y: chart.top };
      },
    });
  });
})();
