// Builds the three pages into web/dist. Nothing is inlined because the pages are served with the policy
// `default-src 'self'`.
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: ['index.html', 'desk.html', 'operations.html'].map((page) => `${import.meta.dirname}/${page}`),
    },
  },
});
