// Puts GraphiQL on its page: the server's own address, its CSRF token for sessions, a query to begin with.
"use strict";

(function () {
  const place = document.getElementById("graphiql");
  const csrfToken = place.dataset.csrfToken;
  // What GraphiQL's menus look for before they add a style of their own, which the page's policy else refuses.
  window.__webpack_nonce__ = place.dataset.nonce;

  const firstQuery = `# Welcome to BingeBoard. The catalogue is open to everyone; press the play button.
#
# To ask as a viewer, paste a token under "Headers" below:
#   { "Authorization": "Bearer bb_..." }
# and choose "MyList" from the play button's menu.

query Catalogue {
  shows(first: 5) {
    edges {
      node {
        title
        releaseYear
        platforms { name }
        similar(first: 3) { by score show { title } }
      }
    }
  }
}

query MyList {
  me { username }
  recommendations(first: 10) {
    requestId
    edges {
      node {
        position
        score
        show { title releaseYear }
        reasons { text weight }
        breakdown { baseScore popularityBoost recencyBoost diversityPenalty availabilityBoost socialBoost }
      }
    }
  }
}
`;

  const fetcher = GraphiQL.createFetcher({
    url: window.location.pathname,
    headers: csrfToken ? { "X-CSRFToken": csrfToken } : {},
  });

  ReactDOM.createRoot(place).render(
    React.createElement(GraphiQL, {
      fetcher: fetcher,
      defaultQuery: firstQuery,
      // A ready-made operation that the address names opens in a tab of its own.
      query: place.dataset.query || undefined,
      variables: place.dataset.variables || undefined,
      defaultEditorToolsVisibility: place.dataset.variables ? "variables" : "headers",
      isHeadersEditorEnabled: true,
      // A token stays in the page it was pasted into: it is never written to the browser's storage.
      shouldPersistHeaders: false,
    }),
  );
})();
