/** The pictures of a message. Those that are addresses are links: loading them would tell their server who reads the review. */
export const Pictures = ({ urls }: { readonly urls: readonly string[] }) =>
  urls.length === 0 ? null : (
    <ol class="pictures" aria-label="Pictures">
      {urls.map((url, index) => (
        <li key={`${index} ${url.slice(0, 100)}`}>
          {url.startsWith('data:') ? (
            <img src={url} alt={`Picture ${index + 1} of ${urls.length}`} />
          ) : (
            <a href={url} target="_blank" rel="noopener noreferrer">
              {url}
            </a>
          )}
        </li>
      ))}
    </ol>
  );
