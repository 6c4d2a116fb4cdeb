//! Paging through lists that are sorted by name: a page token is the last name of the page before.

/// The service's largest page, also the default.
const MAX_PAGE: usize = 1000;

/// One page of `items` and the token of the next.
pub fn page<T>(
    items: impl Iterator<Item = T>,
    name: impl Fn(&T) -> &str,
    page_size: i32,
    page_token: &str,
) -> (Vec<T>, String) {
    let size = usize::try_from(page_size).ok().filter(|&size| size > 0).unwrap_or(MAX_PAGE).min(MAX_PAGE);
    let mut rest = items.filter(|item| name(item) > page_token);
    let page: Vec<T> = rest.by_ref().take(size).collect();
    let token = match (rest.next(), page.last()) {
        (Some(_), Some(last)) => name(last).to_owned(),
        _ => String::new(),
    };
    (page, token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_everything_once() {
        let names = ["a", "b", "c", "d", "e"];
        let (mut seen, mut token, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let (part, next) = page(names.iter(), |name| name, 2, &token);
            seen.extend(part);
            pages += 1;
            token = next;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!((seen, pages), (names.iter().collect(), 3));
        assert_eq!(page(names.iter(), |name| name, 0, "").1, "");
        assert_eq!(page(names.iter(), |name| name, 5, "").1, "");
    }
}
