"""What every app's GraphQL shares: node ids, paging, errors, limits. It knows no app."""
