-- en: As it was: revenue, opportunities and cases by the industry that customers had then
-- zh: 按当时：按客户当时行业的销售额、商机数与个案数
with facts as (
  select coalesce(no_customer, industry_then, '@not_given') as industry, revenue_e4, null as opportunity, null as complaint from sales
  union all select coalesce(no_customer, industry_then, '@not_given'), null, 1, null from opportunity
  union all select coalesce(no_customer, industry_then, '@not_given'), null, null, 1 from service_case)
select industry, sum(revenue_e4) as revenue__e4, sum(opportunity), sum(complaint) from facts group by 1
