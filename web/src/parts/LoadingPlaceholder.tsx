/** It reserves space, so that the layout does not shift when the content appears. */
export const LoadingPlaceholder = ({ lines = 6, what }: { readonly lines?: number; readonly what: string }) => (
  <div class="loading-placeholder" role="status">
    {Array.from({ length: lines }, (_, line) => (
      <span key={line} aria-hidden="true" />
    ))}
    <p class="hidden">Loading {what}…</p>
  </div>
);
