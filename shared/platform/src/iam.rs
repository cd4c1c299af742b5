//! Who calls an administrative route: the ARN that API Gateway's IAM authorisation has verified, and
//! nothing else. No header or body can name a caller.
//!
//! The gateway's CORS settings are those of the whole API. So that no page of an allowed origin can use
//! an administrator's credentials, a request that comes from a page is refused.

use domain::administration::Administrator;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt as _};

use crate::problem::Problem;

/// The caller of `request`.
pub fn administrator(request: &Request) -> Result<Administrator, Problem> {
    if request.headers().contains_key(http::header::ORIGIN) {
        return Err(Problem::CallerUnknown);
    }
    let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else {
        return Err(Problem::CallerUnknown);
    };
    let iam = context.authorizer.as_ref().and_then(|authorizer| authorizer.iam.as_ref());
    let arn = iam.and_then(|iam| iam.user_arn.as_deref()).ok_or(Problem::CallerUnknown)?;
    Administrator::parse(arn).map_err(|_| Problem::CallerUnknown)
}
