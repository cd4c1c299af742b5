//! Identifies the administrator by the ARN that API Gateway's IAM authorization has verified, and by
//! nothing else in the request.
//!
//! CORS is configured for the whole API. A request that comes from a web page is refused, so that no page
//! on an allowed origin can use an administrator's credentials.

use domain::identity::Administrator;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt as _};

use crate::problem::Problem;

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
