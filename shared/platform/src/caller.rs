//! Who calls an administrative route: the ARN that API Gateway's IAM authorisation has verified, and
//! nothing else. No header or body can name a caller.

use domain::administration::Administrator;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt as _};

use crate::problem::Problem;

/// The caller of `request`.
pub fn administrator(request: &Request) -> Result<Administrator, Problem> {
    let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else {
        return Err(Problem::CallerUnknown);
    };
    let iam = context.authorizer.as_ref().and_then(|authorizer| authorizer.iam.as_ref());
    let arn = iam.and_then(|iam| iam.user_arn.as_deref()).ok_or(Problem::CallerUnknown)?;
    Administrator::parse(arn).map_err(|_| Problem::CallerUnknown)
}
